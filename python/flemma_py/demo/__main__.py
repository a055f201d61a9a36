"""`python -m flemma_py.demo`: run the scripted model by itself and print its address on one line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib

from flemma_py.demo import start


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m flemma_py.demo", description="A scripted model on this machine.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    parser.add_argument("--pace", type=float, default=1.0, help="how slowly it talks; 0 is at once (default: 1)")
    parser.add_argument("--key", default=None, help="the only key that is let in (default: any)")
    parser.add_argument("--peer", action="store_true", help="obey directives and /__control__, for tests")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    demo = await start(
        host=arguments.host, port=arguments.port, pace=arguments.pace, key=arguments.key, peer=arguments.peer
    )
    print(demo.base_url, flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        await demo.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))
