"""`python -m sandbox --port 8400 [--manifest FILE.json]`: a plain workspace to look at by hand."""

import argparse
import json
import sys
import threading
from pathlib import Path

from sandbox import Sandbox


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--manifest", type=Path, help="a Slack app manifest in JSON")
    parser.add_argument("--store", type=Path, help="keep the state in this file")
    options = parser.parse_args()
    manifest = json.loads(options.manifest.read_text()) if options.manifest else None
    people = [{"name": "alice", "real_name": "Alice Ng"}, {"name": "bob", "real_name": "Bob Stone"}]
    channels = {"general": ["alice", "bob"], "payments": ["alice", "bob"]}
    with Sandbox(options.port, manifest, people, channels, store=options.store) as sandbox:
        sys.stdout.write(
            f"open {sandbox.url}\nSLACK_API_URL={sandbox.api_url}\nSLACK_BOT_TOKEN={sandbox.bot_token}\n"
            f"SLACK_APP_TOKEN={sandbox.app_token}\nSLACK_SIGNING_SECRET={sandbox.signing_secret}\n"
        )
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
