"""Write api.json, the OpenAPI document of `karez gateway api`.

    python docs/wire/api_document.py            write it
    python docs/wire/api_document.py --check    exit 1 if it is not what would be written

Routes, parameters and limits come from the code; docs/api.md begins with curl.
"""

import json
import sys
from pathlib import Path

from karez_gateway.api.application import document

PAGE = Path(__file__).parent / "api.json"


def main() -> None:
    """Write or check the page."""
    text = json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text:
            raise SystemExit(f"{PAGE.name} is not what the code says: python docs/wire/api_document.py")
        return
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
