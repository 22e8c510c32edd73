"""Run alone in a child process: compile a document in a folder. Takes: folder, document, Unix time, bytes of memory."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import typst


def main() -> int:
    """Compile the document to report.pdf; on failure write the diagnosis to stderr and return 1."""
    root, document, timestamp, memory = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    nowhere = root / "no-packages"  # templates import no packages; were one ever named, nothing would be fetched
    try:
        typst.compile(
            root / document,
            output=root / "report.pdf",
            root=root,
            font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=True),
            package_path=nowhere,
            package_cache_path=nowhere,
            timestamp=timestamp,
            pdf_standards=["a-2a", "ua-1"],  # to be kept for years, and read aloud
        )
    except typst.TypstError as error:
        sys.stderr.write(f"{error.message}\n{error.diagnostic}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
