"""From hits to story: detections grouped into attack steps, kill chains, an ATT&CK matrix, and what to suggest."""
