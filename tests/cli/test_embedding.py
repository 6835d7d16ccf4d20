"""The program of docs/embedding.md, built against an installation as the page says."""

import os
import re


def example(name):
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with open(os.path.join(root, "docs", "embedding.md"), encoding="utf-8") as f:
        return re.search(r"<!-- %s -->\n```\w+\n(.*?\n)```\n" % re.escape(name), f.read(), re.S).group(1)


def test_documented_host(t):
    t.write("host.c", example("host.c"))
    sanitizers = "-fsanitize=address,undefined" if t.sanitized else ""
    build = t.shell("""
        set -e
        cmake --install "$(dirname "$RUFF")" --prefix "$PWD/installed" >install.log
        pc=$(dirname "$(find installed -name ruff.pc)")
        cc -Wall -Wextra -Werror %s -o host host.c \\
            $(PKG_CONFIG_PATH=$pc pkg-config --define-variable=prefix="$PWD/installed" --cflags --libs ruff)
    """ % sanitizers, timeout=120)
    t.expect(build, err="")
    t.expect(t.shell("./host"), out=example("output"), err="")
    t.expect(t.shell("installed/bin/ruff -e 'print(1)'"), out="1\n", err="")
