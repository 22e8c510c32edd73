"""Packets of a capture, brought to conversations and what they say of names: the parts of the source `pcap`."""
