"""Network analyses over the lake: conversations, beacons, long connections, rare destinations, DNS tunnels, uploads."""
