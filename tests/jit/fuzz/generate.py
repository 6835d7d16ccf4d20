#!/usr/bin/env python3
"""Random Ruff programs for comparing tiers: `generate.py SEED` prints one.

A program declares globals, structs, generators, now and then an async function, and three to six functions, then calls each function in a hot loop, printing
every result or caught error.  It is well typed for the most part; now and then an operand or an argument has another kind, so
guards fail and errors are raised (caught or, at the very end, not).  It always ends: loops have bounds, recursion counts down,
functions call only earlier functions, and an estimate of the work keeps the product small.  Strings and arrays are cut to a
length when they are assigned, because sizes that double in a loop would never end either.
"""

import random
import sys

SCALARS = ("int", "float", "bool", "str")
ARRAYS = ("ints", "floats", "strs", "bools", "mixed", "rows")
ELEMENT = {"ints": "int", "floats": "float", "strs": "str", "bools": "bool", "rows": "ints"}
KINDS = SCALARS + ARRAYS + ("idict", "sdict", "struct", "record", "fun")
INT_SPECIALS = ("9223372036854775807", "(-9223372036854775807 - 1)", "4611686018427387904", "3037000500", "-3037000500", "2147483647",
                "4294967296", "9007199254740993")
FLOAT_SPECIALS = ("NAN", "INF", "-INF", "-0.0", "0.0", "1e308", "5e-324", "9007199254740992.0", "0.1")
STRINGS = ('""', '"a"', '"abc"', '"héλ😀"', '"0"', '"k1"', '"zz"', '"12"', '"-5"')
KEYS = ('"a"', '"b"', '"k1"', '"7"', '"é"')
WORK_PER_CALL = 500  # estimated statements one call may execute
WORK_PER_DRIVER = 40000


class Function:
    def __init__(self, name, params, defaults, result, cost, recursive):
        self.name, self.params, self.defaults, self.result = name, params, defaults, result
        self.cost, self.recursive = cost, recursive


class Body:
    """A generator: about `times` values of one kind for `cost` statements."""

    def __init__(self, name, params, kind, times, cost, recursive):
        self.name, self.params, self.kind, self.times, self.cost, self.recursive = name, params, kind, times, cost, recursive


class Scope:
    """Variables visible at a place: name -> kind; `kept` holds those that must not be assigned (loop counters, depth)."""

    def __init__(self, outer=None):
        self.kinds = dict(outer.kinds) if outer else {}
        self.kept = set(outer.kept) if outer else set()

    def names(self, kind, assignable=False):
        return [n for n, k in self.kinds.items() if k == kind and not (assignable and n in self.kept)]


class Generator:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.lines = []
        self.indent = 0
        self.count = 0
        self.functions = []
        self.globals = Scope()
        self.generators = []
        self.bodies = []  # generators with a body like a function's
        self.yields = None  # kind of the values of the generator that is written
        self.yielded = 0  # how many, about
        self.awaits = False  # the function that is written is async
        self.cost = 0  # of the function that is written
        self.weight = 1  # how often the place that is written runs per call
        self.loops = 0  # loops around it in this function
        self.quiet_loops = 0  # of these, how many allow break and continue
        self.current = None
        self.wrong = self.rng.choice((0.0, 0.004, 0.012, 0.03))  # chance of an operand of another kind

    # -- helpers

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, items):
        return self.rng.choice(items)

    def fresh(self, prefix):
        self.count += 1
        return "%s%d" % (prefix, self.count)

    def emit(self, text):
        self.lines.append("  " * self.indent + text)

    def open(self, text):
        self.emit(text + " {")
        self.indent += 1

    def close(self, text=""):
        self.indent -= 1
        self.emit("}" + text)

    # -- expressions

    def expr(self, kind, scope, depth=2):
        if self.chance(self.wrong):
            kind = self.pick(KINDS + ("null",))
        if kind == "null":
            return self.pick(("null", "None", "Ok(1)"))
        if kind == "any":
            return self.expr(self.pick(SCALARS + ARRAYS + ("struct", "null")), scope, depth)
        names = scope.names(kind)
        if names and self.chance(0.5 if depth > 0 else 0.75):
            return self.pick(names)
        return getattr(self, "expr_" + kind)(scope, depth)

    def computed(self, kind, scope, depth=2):
        """As expr, but hardly ever just a name."""
        if kind == "any" or self.chance(0.15):
            return self.expr(kind, scope, depth)
        return getattr(self, "expr_" + kind)(scope, depth)

    def call_of(self, kind, scope, depth):
        """A call of an earlier function with this result, if the work allows it."""
        fits = [f for f in self.functions if f.result == kind and self.cost + f.cost * self.weight < WORK_PER_CALL]
        if not fits or depth <= 0:
            return None
        f = self.pick(fits)
        self.cost += f.cost * self.weight
        return "%s(%s)" % (f.name, ", ".join(self.arguments(f, scope, depth)))

    def arguments(self, f, scope, depth):
        count = len(f.params) - (self.rng.randint(0, f.defaults) if f.defaults else 0)
        if self.chance(self.wrong / 3):
            count += self.pick((-1, 1))
        out = []
        for i in range(max(count, 0)):
            kind = f.params[i] if i < len(f.params) else "int"
            out.append(str(self.rng.randint(0, 3)) if f.recursive and i == 0 else self.expr(kind, scope, depth - 1))
        return out

    def index_of(self, name, scope, depth):
        return self.pick(("%s %% len(%s)", "%s %% len(%s)", "(%s) %% (len(%s) + 1)")) % (self.small(scope, depth), name)

    def small(self, scope, depth):
        names = scope.names("int")
        if names and self.chance(0.7):
            return self.pick(names)
        return str(self.rng.randint(-6, 12))

    def element(self, arrays, scope, depth):
        names = [n for a in arrays for n in scope.names(a)]
        if not names:
            return None
        name = self.pick(names)
        if self.chance(0.15):
            return "%s[%d]" % (name, self.pick((0, 1, -1, -2, 2)))
        return "%s[%s]" % (name, self.index_of(name, scope, depth))

    def literal_int(self):
        if self.chance(0.04):
            return self.pick(INT_SPECIALS)
        return str(self.rng.randint(-3, 9) if self.chance(0.7) else self.rng.randint(-300, 5000))

    def expr_int(self, scope, depth):
        if depth <= 0:
            return self.literal_int()
        sub = lambda kind: self.expr(kind, scope, depth - 1)
        choice = self.rng.randrange(23)
        if choice == 22:
            names = scope.names("record")
            return self.inside(self.pick(names), scope) if names else self.literal_int()
        if choice < 6:
            return "(%s %s %s)" % (sub("int"), self.pick("++--*"), sub("int"))
        if choice < 8:
            return "(%s %% %s)" % (sub("int"), self.pick(("7", "1009", "-5", "1000003", sub("int"))))
        if choice == 8:
            return "(%s / %s)" % (sub("int"), self.pick(("3", "2", "-1", sub("int"))))
        if choice == 9:
            return "(-%s)" % sub("int")
        if choice == 10:
            return "len(%s)" % sub(self.pick(ARRAYS + ("str", "idict", "sdict")))
        if choice < 14:
            return self.element(("ints",), scope, depth) or self.literal_int()
        if choice == 14:
            return self.dict_read(scope, depth) or self.literal_int()
        if choice == 15:
            return self.call_of("int", scope, depth) or self.literal_int()
        if choice == 16:
            names = scope.names("fun")
            return "%s(%s)" % (self.pick(names), sub("int")) if names else self.literal_int()
        if choice == 17:
            names = scope.names("struct")
            return "%s.%s" % (self.pick(names), self.pick(("x", "x", "y", "twice()", "both()"))) if names else self.literal_int()
        if choice == 18:
            return "[%s, %s][to_int(%s)]" % (sub("int"), sub("int"), sub("bool"))
        if choice == 19:
            return self.pick(("bit_and(%s, 255)", "bit_xor(%s, 85)", "to_int(%s)", "bit_shr(%s, 1)", "(%s ?? 3)")) % sub("int")
        if choice == 20:
            return self.pick(("sum(%s)", "reduce(%s, 0, func(s, v) => (s * 3 + v) %% 1009)", "find_index(%s, func(v) => v > 2)")) % sub("ints")
        return self.literal_int()

    def dict_read(self, scope, depth):
        name = self.pick(scope.names("idict") or [None])
        if name and self.chance(0.6):
            return self.pick(("%s[%s %% 8]", "get(%s, %s, -1)", "%s[%s]")) % (name, self.small(scope, depth))
        name = self.pick(scope.names("sdict") or [None])
        if name:
            return self.pick(("(%s[%s] ?? 0)", "get(%s, %s, 2)", "%s[%s]")) % (name, self.pick(KEYS))
        return None

    def literal_float(self):
        return self.pick(FLOAT_SPECIALS) if self.chance(0.12) else self.pick(("0.5", "1.5", "2.0", "-3.25", "0.1", "100.0", "1e10"))

    def expr_float(self, scope, depth):
        if depth <= 0:
            return self.literal_float()
        sub = lambda kind: self.expr(kind, scope, depth - 1)
        choice = self.rng.randrange(12)
        if choice < 4:
            return "(%s %s %s)" % (sub("float"), self.pick("+-*+-*/%"), sub(self.pick(("float", "float", "int"))))
        if choice < 6:
            return "(%s %s %s)" % (sub("int"), self.pick("+-*"), sub("float"))
        if choice == 6:
            return "(-%s)" % sub("float")
        if choice == 7:
            return self.pick(("abs(%s)", "sqrt(abs(%s))", "floor(%s)", "min(%s, 3)", "max(%s, -2.5)", "to_float(%s)")) % sub("float")
        if choice < 10:
            return self.element(("floats",), scope, depth) or self.literal_float()
        return self.call_of("float", scope, depth) or self.literal_float()

    def expr_bool(self, scope, depth):
        if depth <= 0:
            return self.pick(("true", "false"))
        sub = lambda kind: self.expr(kind, scope, depth - 1)
        choice = self.rng.randrange(12)
        if choice < 6:
            kind = self.pick(("int", "int", "float", "str"))
            other = "int" if kind == "float" and self.chance(0.3) else kind
            return "(%s %s %s)" % (sub(kind), self.pick(("<", "<=", ">", ">=", "==", "!=")), sub(other))
        if choice < 8:
            return "(%s %s %s)" % (sub("bool"), self.pick(("&&", "||")), sub(self.pick(("bool", "bool", "int", "str", "ints"))))
        if choice == 8:
            return "(!%s)" % sub("bool")
        if choice == 9:
            kind = self.pick(KINDS)
            return "(%s %s %s)" % (sub(kind), self.pick(("==", "!=")), sub(kind))
        if choice == 10:
            return self.pick(("any(%s, func(v) => v > 3)", "all(%s, func(v) => v < 5)", "contains(%s, 3)")) % sub("ints")
        return self.element(("bools",), scope, depth) or self.call_of("bool", scope, depth) or "true"

    def expr_str(self, scope, depth):
        if depth <= 0:
            return self.pick(STRINGS)
        sub = lambda kind: self.expr(kind, scope, depth - 1)
        choice = self.rng.randrange(12)
        if choice < 3:
            if self.chance(0.5):
                return "(%s + %s)" % self.pick(((sub("str"), self.pick(STRINGS)), (self.pick(STRINGS), sub("str"))))
            return "substring(%s + %s, 0, 30)" % (sub("str"), sub("str"))
        if choice < 5:
            return '"<${%s}%s${%s}>"' % (sub(self.pick(SCALARS)), self.pick(("", ",", "é")), sub(self.pick(SCALARS[:3])))
        if choice < 7:
            return "to_string(%s)" % sub(self.pick(SCALARS))
        if choice == 7:
            return self.element(("str", "strs"), scope, depth) or self.pick(STRINGS)
        if choice == 8:
            return "substring(%s, %d, %d)" % (sub("str"), self.rng.randint(0, 2), self.rng.randint(1, 6))
        if choice == 9:
            return self.pick(("to_upper(%s)", "type(%s)", "str_reverse(%s)", "trim(%s)")) % sub("str")
        if choice == 10:
            return 'substring(join(%s, ","), 0, 30)' % sub(self.pick(("ints", "strs")))
        return self.call_of("str", scope, depth) or self.pick(STRINGS)

    def literal_array(self, kind, scope, depth, least=0):
        return "[%s]" % ", ".join(self.expr(kind, scope, depth - 1) for _ in range(self.rng.randint(least, 4)))

    def array(self, kind, scope, depth):
        element = ELEMENT[kind]
        if depth <= 0:
            return self.literal_array(element, scope, 1, 1) if element in SCALARS else "[[1], [2, 3]]"
        sub = lambda k: self.expr(k, scope, depth - 1)
        choice = self.rng.randrange(10)
        if choice < 4:
            return self.literal_array(element, scope, depth, 1)
        if choice == 4:
            return "slice(%s, %d, %d)" % (sub(kind), self.rng.randint(-3, 2), self.rng.randint(1, 9))
        if choice == 5:
            return "push(slice(%s, 0, 10), %s)" % (sub(kind), sub(element))
        if choice == 6:
            return self.pick(("reverse(%s)", "sort(%s)", "take(%s, 3)", "skip(%s, 1)")) % sub(kind)
        if choice == 7:
            name = self.fresh("v")
            inner = Scope(scope)
            inner.kinds[name] = element
            inner.kept.add(name)
            return self.pick(("map(%s, func(%s) => %s)", "filter(%s, func(%s) => %s != 0)")) % (sub(kind), name, self.lambda_body(element, inner, depth))
        return self.call_of(kind, scope, depth) or self.literal_array(element, scope, depth, 1)

    def lambda_body(self, kind, scope, depth):
        # Calls in a lambda would be counted once and run many times.
        functions, self.functions = self.functions, []
        text = self.expr(kind, scope, depth - 1)
        self.functions = functions
        return text

    def expr_ints(self, scope, depth):
        if self.chance(0.15):
            return self.pick(("range(0, %d)", "0..%d", "range(%d, 0, -1)")) % self.rng.randint(1, 8)
        return self.array("ints", scope, depth)

    def expr_floats(self, scope, depth):
        return self.array("floats", scope, depth)

    def expr_strs(self, scope, depth):
        return self.array("strs", scope, depth)

    def expr_bools(self, scope, depth):
        return self.array("bools", scope, depth)

    def expr_rows(self, scope, depth):
        return self.array("rows", scope, depth) if self.chance(0.4) else "[%s, %s]" % (self.expr("ints", scope, 0), self.expr("ints", scope, 0))

    def expr_mixed(self, scope, depth):
        return "[%s]" % ", ".join(self.expr(self.pick(SCALARS + ("null",)), scope, depth - 1) for _ in range(self.rng.randint(1, 4)))

    def expr_idict(self, scope, depth):
        keys = self.rng.sample(range(-3, 9), self.rng.randint(1, 6))
        return "{%s}" % ", ".join("%d: %s" % (k, self.expr("int", scope, depth - 1)) for k in keys)

    def expr_sdict(self, scope, depth):
        keys = self.rng.sample(KEYS, self.rng.randint(1, 4))
        return "{%s}" % ", ".join("%s: %s" % (k, self.expr("int", scope, depth - 1)) for k in keys)

    def expr_struct(self, scope, depth):
        sub = lambda kind: self.expr(kind, scope, depth - 1)
        names = scope.names("struct")
        if names and depth > 0 and self.chance(0.6):
            name = self.pick(names)
            return self.pick(("%s.moved(%s)" % (name, sub("int")), "(%s + %s)" % (name, sub("struct")), "(-%s)" % name, "(%s * %s)" % (name, sub("int"))))
        return "P { x: %s, y: %s }" % (sub("int"), sub("int"))

    def expr_record(self, scope, depth):
        sub = lambda kind: self.expr(kind, scope, 0)
        inside = ('"n": %s' % sub("int"), '"v": [%s, 1, 2]' % sub("int"), '"g": [[1, 2], [%s, 4], [5]]' % sub("int"),
                  '"p": P { x: %s, y: 2 }' % sub("int"), '"d": {"a": %s, "k1": 2, "7": 3}' % sub("int"), '"f": [0.5, %s]' % sub("float"))
        if self.chance(0.3):
            return "P { x: {%s}, y: {%s} }.x" % (", ".join(inside), inside[0])
        return "{%s}" % ", ".join(inside)

    def inside(self, name, scope):
        """A path to a number in a record."""
        i = self.small(scope, 1)
        return name + self.pick((".n", '["n"]', ".v[%s %% 3]" % i, '["v"][%s %% 4]' % i, ".g[%s %% 2][%s %% 2]" % (i, self.small(scope, 1)),
                                 '["g"][%s %% 3][0]' % i, ".p.x", '["p"].y', ".d.a", '.d[%s]' % self.pick(KEYS), '["d"]["k" + to_string(%s %% 2)]' % i,
                                 ".d[to_int(%s) %% 8]" % i, ".f[%s %% 2]" % i, ".p.z" if self.chance(0.1) else ".v[-1]"))

    def record_step(self, scope, depth):
        name, _ = self.target(scope, ("record",))
        if name is None:
            return self.declare(scope, depth)
        choice = self.rng.randrange(12)
        if choice == 0:
            self.emit("mut %s := %s" % (self.fresh("kept"), name))
            scope.kinds["kept%d" % self.count] = "record"
        elif choice == 1:
            self.emit("mut %s := %s%s" % (self.fresh("part"), name, self.pick((".v", '["v"]', ".g[1]"))))
            scope.kinds["part%d" % self.count] = "ints"
        elif choice == 2 and self.chance(0.3):
            self.emit("%s := %s" % (self.inside(name, scope), self.expr(self.pick(SCALARS), scope, 1)))
        else:
            value = self.clipped("int", self.expr("int", scope, 1))
            self.emit("%s %s %s" % (self.inside(name, scope), self.pick((":=", "+=", "+=", "-=")), value))

    def expr_fun(self, scope, depth):
        name = self.fresh("q")
        records = [n for n in scope.names("record", True) if n not in self.globals.kinds]
        if records and self.chance(0.4):
            inner = Scope()
            inner.kinds[name] = "int"
            state = self.pick(records)
            return "func(%s) { %s += %s %% 7 %s -= 1 return %s }" % (name, self.inside(state, inner), name, self.inside(state, inner), self.inside(state, inner))
        inner = Scope(scope)
        inner.kinds[name] = "int"
        inner.kept.add(name)
        if depth > 0 and self.chance(0.4):
            captured = [n for n in scope.names("int", True) if n not in self.globals.kinds]
            if captured:
                state = self.pick(captured)
                return "func(%s) { %s := (%s + %s) %% 100003 return %s }" % (name, state, state, name, self.pick((state, "%s * 2" % state)))
        unary = [f.name for f in self.functions if f.params == ["int"] and f.result == "int" and not f.recursive and f.cost <= 3 and " " not in f.name]
        if unary and self.chance(0.3):
            return self.pick(unary)
        return "(func(%s) => %s)" % (name, self.lambda_body("int", inner, depth))

    # -- statements

    def block(self, scope, size, depth):
        inner = Scope(scope)
        for _ in range(size):
            self.statement(inner, depth)

    def clipped(self, kind, text):
        if kind == "str":
            return "substring(%s, 0, 40)" % text
        if kind in ARRAYS:
            return "slice(%s, 0, 12)" % text
        # Numbers are passed through arithmetic, which refuses the strings that a wrong operand would let grow.
        if kind == "int":
            return "%s %s" % (text, self.pick(("% 1009", "% 100003", "% 64", "+ 0", "- 1")))
        if kind == "float":
            return "%s %s" % (text, self.pick(("* 1", "+ 0.5", "- 2")))
        return text

    def statement(self, scope, depth):
        self.cost += self.weight
        choices = [(self.declare, 14), (self.assign, 22), (self.compound, 12), (self.path, 14), (self.grow, 5), (self.swap, 3),
                   (self.struct_step, 4), (self.dict_step, 6), (self.record_step, 6), (self.output, 2), (self.change_kind, 2), (self.pure, 2), (self.call_statement, 4)]
        if depth > 0:
            choices += [(self.condition, 16), (self.attempt, 9), (self.matching, 5), (self.several, 5), (self.destructure, 3), (self.dotted, 4)]
            if self.weight < 60:
                choices += [(self.loop, 16), (self.walk, 8)]
        if self.loops > 0 and self.quiet_loops > 0:
            choices += [(self.leave_loop, 5)]
        if self.current is not None and depth < 3:
            choices += [(self.early_return, 3)]
        if self.awaits and self.weight <= 8:
            choices += [(self.pause, 5)]
        if self.yields is not None:
            choices += [(self.give, 20)]
        if self.bodies or scope.names("gen"):
            choices += [(self.draw, 6)]
        self.rng.choices([c for c, _ in choices], [w for _, w in choices])[0](scope, depth)

    def declare(self, scope, depth):
        kind = self.pick(KINDS)
        name = self.fresh("l")
        text = self.clipped(kind, self.computed(kind, scope))
        self.emit("%s %s := %s" % (self.pick(("mut", "mut", "mut", "let")), name, text))
        scope.kinds[name] = kind
        if self.lines[-1].lstrip().startswith("let") and not self.chance(0.02):
            scope.kept.add(name)

    def target(self, scope, kinds):
        names = [(n, k) for n, k in scope.kinds.items() if k in kinds and n not in scope.kept]
        return self.pick(names) if names else (None, None)

    def assign(self, scope, depth):
        name, kind = self.target(scope, KINDS)
        if name is None or kind == "fun" and self.chance(0.5):
            return self.declare(scope, depth)
        self.emit("%s := %s" % (name, self.clipped(kind, self.computed(kind, scope, 3))))

    def compound(self, scope, depth):
        name, kind = self.target(scope, ("int", "int", "float", "str"))
        if name is None:
            return self.declare(scope, depth)
        if kind == "str":
            self.emit("%s += %s" % (name, self.pick(('"x"', '"é"', 'substring("${%s}", 0, 5)' % self.expr("bool", scope, 1)))))
        elif kind == "int":
            self.emit("%s %s %s" % (name, self.pick(("+=", "+=", "-=", "%=")), self.pick(("1", "3", "7", self.clipped("int", self.expr("int", scope, 1))))))
        else:
            self.emit("%s %s %s" % (name, self.pick(("+=", "-=", "*=", "/=")), self.clipped("float", self.expr(self.pick(("float", "int")), scope, 1))))

    def path(self, scope, depth):
        name, kind = self.target(scope, ARRAYS)
        if name is None:
            return self.declare(scope, depth)
        if kind == "rows":
            at = "%s[%s][%s]" % (name, self.pick(("0", "-1", "%s %% len(%s)" % (self.small(scope, 1), name))), self.pick(("0", "-1")))
            self.emit("%s %s %s" % (at, self.pick((":=", "+=")), self.clipped("int", self.expr("int", scope, 1))))
            return
        element = ELEMENT.get(kind) or self.pick(SCALARS)
        if self.chance(0.03):
            element = self.pick(SCALARS)
        at = "%s[%s]" % (name, self.pick(("0", "-1", self.index_of(name, scope, 1), self.index_of(name, scope, 1))))
        operator = "+=" if element in ("int", "float") and self.chance(0.4) else ":="
        value = self.expr(element, scope)
        self.emit("%s %s %s" % (at, operator, self.clipped(element, value)))

    def grow(self, scope, depth):
        name, kind = self.target(scope, ARRAYS)
        if name is None:
            return self.declare(scope, depth)
        choice = self.rng.randrange(4)
        if choice == 0:
            self.emit("if len(%s) > 0 { %s := pop(%s)[0] }" % (name, name, name))
        elif choice == 1:
            self.emit("mut %s := %s" % (self.fresh("alias"), name))
            scope.kinds["alias%d" % self.count] = kind
        else:
            element = ELEMENT.get(kind) or self.pick(SCALARS)
            self.emit("%s := push(%s, %s)" % (name, name, self.expr(element, scope, 1)))

    def swap(self, scope, depth):
        kind = self.pick(("int", "float", "ints", "str"))
        names = scope.names(kind, True)
        if len(names) < 2:
            return self.assign(scope, depth)
        a, b = self.rng.sample(names, 2)
        self.emit("[%s, %s] := [%s, %s]" % (a, b, b, a))

    def struct_step(self, scope, depth):
        name, _ = self.target(scope, ("struct",))
        if name is None:
            return self.declare(scope, depth)
        choice = self.rng.randrange(4)
        if choice == 0:
            self.emit("%s := %s.moved(%s)" % (name, name, self.expr("int", scope, 1)))
        elif choice == 1:
            self.emit("%s := %s" % (name, self.expr("struct", scope, 2)))
        elif choice == 2 and self.chance(0.1):
            self.emit("%s.x := %s" % (name, self.expr(self.pick(SCALARS), scope, 1)))
        else:
            self.emit("%s.%s %s %s %% 1009" % (name, self.pick("xy"), self.pick((":=", "+=")), self.expr("int", scope, 1)))

    def dict_step(self, scope, depth):
        name, kind = self.target(scope, ("idict", "sdict"))
        if name is None:
            return self.declare(scope, depth)
        key = "%s %% 8" % self.small(scope, 1) if kind == "idict" else self.pick(KEYS)
        choice = self.rng.randrange(6)
        if choice == 5:
            self.emit("%s[%s] %s %s" % (name, key, self.pick(("+=", "-=")), self.clipped("int", self.expr("int", scope, 1))))
        elif choice == 0:
            self.emit("%s := remove(%s, %s)[0]" % (name, name, key))
        elif choice == 1:
            self.emit("if has_key(%s, %s) == 1 { %s[%s] += %s }" % (name, key, name, key, self.clipped("int", self.expr("int", scope, 1))))
        elif choice == 2 and self.chance(0.15):
            self.emit("%s[%s] := %s" % (name, self.pick(('"mix"', "1.5", "true", key)), self.expr(self.pick(SCALARS), scope, 1)))
        else:
            self.emit("%s[%s] := %s" % (name, key, self.clipped("int", self.expr("int", scope, 2))))

    def output(self, scope, depth):
        if self.weight > 8 or self.current is not None and self.chance(0.6):
            return self.assign(scope, depth)
        self.emit("print(%s)" % ", ".join("show(%s)" % self.expr(self.pick(SCALARS + ARRAYS + ("record",)), scope, 1) for _ in range(self.rng.randint(1, 3))))

    def change_kind(self, scope, depth):
        """A variable takes a value of another kind under a condition: what follows may meet either."""
        name, kind = self.target(scope, SCALARS + ("ints",))
        if name is None or self.chance(0.4) or name in self.globals.kinds and self.chance(0.8):
            return self.assign(scope, depth)
        other = self.pick({"int": ("float",), "float": ("int", "int", "str"), "bool": ("int",), "str": ("int",), "ints": ("floats", "mixed")}.get(kind))
        self.emit("if %s { %s := %s }" % (self.expr("bool", scope, 1), name, self.clipped(other, self.expr(other, scope, 1))))

    def pure(self, scope, depth):
        self.emit(self.expr("bool", scope, 1).join(("mut %s := " % self.fresh("u"), "")))

    def call_statement(self, scope, depth):
        text = self.call_of(self.pick(KINDS), scope, 2)
        if text is None:
            return self.assign(scope, depth)
        name = self.fresh("r")
        self.emit("mut %s := %s" % (name, text))
        scope.kinds[name] = "any"

    def condition(self, scope, depth):
        self.open("if %s" % self.expr(self.pick(("bool", "bool", "bool", "int", "str", "ints")), scope))
        self.block(scope, self.rng.randint(1, 3), depth - 1)
        while self.chance(0.25):
            self.close(" else if %s {" % self.expr("bool", scope))
            self.indent += 1
            self.block(scope, self.rng.randint(1, 2), depth - 1)
        if self.chance(0.4):
            self.close(" else {")
            self.indent += 1
            self.block(scope, self.rng.randint(1, 2), depth - 1)
        self.close()

    def attempt(self, scope, depth):
        self.open("try")
        self.block(scope, self.rng.randint(1, 3), depth - 1)
        if self.chance(0.5):
            self.risk(scope)
        if self.chance(0.35):
            self.emit("if %s { throw(%s) }" % (self.expr("bool", scope, 1), self.pick(('"t1"', '"t${%s}"' % self.expr("int", scope, 1), "5", 'Problem { message: "p", cause: 3 }'))))
        final = self.chance(0.3)
        if not final or self.chance(0.7):
            name = self.fresh("e")
            self.close(" except %s {" % name)
            self.indent += 1
            text, _ = self.target(scope, ("str",))
            if text:
                self.emit("%s := substring(%s.message, 0, 30)" % (text, name))
            number, _ = self.target(scope, ("int",))
            if number:
                self.emit("%s += %s.line %% 7" % (number, name))
            self.block(scope, self.rng.randint(0, 2), depth - 1)
        if final:
            self.close(" finally {")
            self.indent += 1
            loops, self.quiet_loops = self.quiet_loops, 0 if self.chance(0.7) else self.quiet_loops
            current, self.current = self.current, None if self.chance(0.8) else self.current
            self.block(scope, self.rng.randint(1, 2), depth - 1)
            self.quiet_loops, self.current = loops, current
        self.close()

    def risk(self, scope):
        """Something that throws now and then, here or some frames deeper."""
        kind = self.pick(("int", "int", "str", "ints", "struct"))
        text = "%s(%s, %s)" % (self.pick(("risky", "riskier")), self.expr("int", scope, 1), self.expr(kind, scope, 1))
        name, _ = self.target(scope, (kind,))
        if name and self.chance(0.7):
            self.emit("%s := %s" % (name, self.clipped(kind, text)))
        else:
            self.emit("mut %s := [%s, %s]" % (self.fresh("r"), self.expr(self.pick(KINDS), scope, 1), text))

    def several(self, scope, depth):
        """A call site that meets functions or receivers of several kinds."""
        name = self.fresh("o")
        number, _ = self.target(scope, ("int",))
        if number is None:
            return self.declare(scope, depth)
        if self.chance(0.5):
            things = [self.pick(("P { x: %s, y: 2 }", "Q { z: %s }", "Q { z: %s, u: 1 }", "W { x: %s }")) % self.expr("int", scope, 1) for _ in range(self.rng.randint(2, 4))]
            if self.chance(0.1):
                things.append(self.expr(self.pick(SCALARS), scope, 1))
            self.open("for %s in [%s]" % (name, ", ".join(things)))
            method = self.pick(("twice()", "both()", "moved(%s)" % self.expr("int", scope, 1), "part(%s)" % self.expr("int", scope, 1)))
            self.emit(self.pick(("%s := (%s + to_int(\"${len(show(%s.%s))}\")) %% 1009", "%s := %s %% 64 + len(show(%s.%s))")) % (number, number, name, method))
        else:
            functions = [self.expr("fun", scope, 1) for _ in range(self.rng.randint(2, 5))] + (["func(a) { return a * 0.5 }"] if self.chance(0.2) else [])
            self.open("for %s in [%s]" % (name, ", ".join(functions)))
            self.emit("%s := to_int(%s(%s)) %% 100003" % (number, name, self.pick((number, self.expr("int", scope, 1)))))
        self.close()

    def destructure(self, scope, depth):
        if self.chance(0.5):
            names = [self.fresh("d") for _ in range(self.rng.randint(1, 3))]
            rest = ", ...%s" % self.fresh("d") if self.chance(0.4) else ""
            self.emit("mut [%s%s] := %s" % (", ".join(names), rest, self.expr(self.pick(("ints", "mixed", "any")), scope, 1)))
        else:
            names = self.rng.sample(("k1", "k2", "a", "abc"), self.rng.randint(1, 3))
            rest = ", ...%s" % self.fresh("d") if self.chance(0.4) else ""
            self.open("if %s" % self.expr("bool", scope, 1))
            self.emit("mut {%s%s} := %s" % (", ".join(names), rest, self.expr("sdict", scope, 1)))
            number, _ = self.target(scope, ("int",))
            if number:
                self.emit("%s := (%s + (%s ?? 3)) %% 100003" % (number, number, names[0]))
            self.close()

    def dotted(self, scope, depth):
        number, _ = self.target(scope, ("int",))
        if number is None:
            return self.declare(scope, depth)
        kind = self.pick(("int", "float", "str", "ints", "strs", "rows", "sdict", "struct"))
        tail = {"int": ("abs()", "twice_of()", "to_string().len()"), "float": ("floor().to_int()", "abs().to_int()", "twice_of().to_int()"), "str": ("len()", "to_upper().len()", "twice_of()"),
                "ints": ("len()", "sum()", "reverse().len()", "contains(3).to_string().len()"), "strs": ("len()", 'join(",").len()'), "rows": ("len()",), "sdict": ("len()",), "struct": ("twice()", "both()", "twice_of()")}[kind]
        names = scope.names(kind)
        what = self.pick(names) if names else "(%s)" % self.expr(kind, scope, 1)
        self.emit("%s := (%s + %s.%s) %% 100003" % (number, number, what, self.pick(tail)))

    def matching(self, scope, depth):
        kind = self.pick(("int", "str", "any"))
        self.open("match %s" % self.expr(kind, scope, 1))
        patterns = {"int": ("0", "1", "2", "-1", "5"), "str": ('"a"', '"abc"', '""', '"k1"'), "any": ("1", '"a"', "null", "true", "1.5", "Ok(%s)" % self.fresh("m"))}[kind]
        for pattern in self.rng.sample(patterns, self.rng.randint(1, 3)):
            guard = " if %s" % self.expr("bool", scope, 1) if self.chance(0.2) else ""
            self.open("case %s%s:" % (pattern, guard))
            self.arm(scope, depth)
            self.close()
        if self.chance(0.7):
            self.open("default:")
            self.arm(scope, depth)
            self.close()
        self.close()

    def arm(self, scope, depth):
        # Arms are no scopes: a name declared here may not exist after the match, so nothing later may use it.
        self.block(scope, self.rng.randint(1, 2), depth - 1)

    def loop(self, scope, depth):
        inner = Scope(scope)
        times = self.rng.randint(2, 9)
        name = self.fresh("i")
        choice = self.rng.randrange(9)
        self.loops += 1
        self.quiet_loops += 1
        close = None
        if choice < 3:
            self.emit("mut %s := 0" % name)
            self.open("while %s < %d%s" % (name, times, " && " + self.expr("bool", scope, 1) if self.chance(0.15) else ""))
            inner.kinds[name] = "int"
            self.emit("%s += 1" % name)
        elif choice < 5:
            self.open("for %s in %s" % (name, self.pick(("%d", "0..%d", "1..=%d", "range(%d)")) % times))
            inner.kinds[name] = "int"
        elif choice < 7:
            kind = self.pick(("ints", "floats", "strs", "rows", "mixed"))
            other = self.fresh("i")
            names = scope.names(kind)
            over = self.pick(names) if names and self.chance(0.8) else self.expr(kind, scope, 1)
            over = "slice(%s, 0, 8)" % over if self.chance(0.7) else "take(%s, 8)" % over
            times = 8
            if self.chance(0.4):
                self.open("for %s, %s in %s" % (other, name, over))
                inner.kinds[other] = "int"
                inner.kept.add(other)
            else:
                self.open("for %s in %s" % (name, over))
            inner.kinds[name] = ELEMENT.get(kind, "any")
        elif choice == 7:
            kind = self.pick(("str", "idict", "sdict"))
            names = scope.names(kind)
            over = self.pick(names) if names else self.expr(kind, scope, 1)
            if kind != "str":  # a number would be counted to its end
                self.emit('if type(%s) != "dict" { throw("no dict") }' % over)
            times = 10
            other = self.fresh("i")
            if kind == "str":
                self.open("for %s, %s in substring(%s, 0, 8)" % (other, name, over))
                inner.kinds[other], inner.kinds[name] = "int", "str"
            else:
                self.open("for %s, %s in %s" % (other, name, over))
                inner.kinds[other], inner.kinds[name] = "str", "int"
            inner.kept.add(other)
        elif self.bodies and self.chance(0.7):
            text, body = self.made(scope, 1)
            text, kind, times = (text, body.kind, body.times) if text else ("3", "int", 3)
            if self.chance(0.3):
                other = self.fresh("i")
                self.open("for %s, %s in %s" % (other, name, text))
                inner.kinds[other] = "int"
                inner.kept.add(other)
            else:
                self.open("for %s in %s" % (name, text))
            inner.kinds[name] = kind
            if self.yields is not None and self.yielded + times * self.weight < 40 and self.chance(0.7):
                self.emit("yield %s" % name)
                self.yielded += times * self.weight
        elif self.generators and self.chance(0.6):
            gen, times = self.pick(self.generators)
            self.open("for %s in %s(%s)" % (name, gen, self.expr("int", scope, 0)))
            inner.kinds[name] = "int"
        else:
            self.emit("mut %s := 0" % name)
            self.open("loop")
            self.emit("%s += 1" % name)
            self.emit("if %s > %d { break }" % (name, times))
            inner.kinds[name] = "int"
        inner.kept.add(name)
        weight, self.weight = self.weight, self.weight * times
        self.block(inner, self.rng.randint(1, 4), depth - 1)
        self.weight = weight
        self.loops -= 1
        self.quiet_loops -= 1
        self.close(close or "")

    def walk(self, scope, depth):
        """A loop whose counter indexes arrays: upwards or downwards, with steps, offsets and limits that may not fit them."""
        inner = Scope(scope)
        kind = self.pick(("ints", "ints", "floats", "bools", "strs"))
        name, array = self.fresh("i"), self.fresh("w")
        self.emit("mut %s := %s" % (array, self.clipped(kind, self.expr(kind, scope, 2))))
        inner.kinds[array] = kind
        if self.chance(0.7):
            inner.kept.add(array)
        limit = self.pick(("len(%s)" % array, "len(%s)" % array, "len(%s) - 1" % array, "%d" % self.rng.randint(0, 13)))
        step = self.pick(("1", "1", "1", "2", "5"))
        weight, self.weight = self.weight, self.weight * 12
        quiet, self.quiet_loops = self.quiet_loops, 0  # a `continue` would skip the step
        way = self.rng.randrange(4)
        inner.kinds[name] = "int"
        inner.kept.add(name)
        extra = " && " + self.expr("bool", inner, 1) if self.chance(0.2) else ""
        offset = self.pick(("", "", "", " + 1", " - 1"))
        index = "%s[%s%s]" % (array, name, offset)
        if way == 0:
            self.open("for %s in %s..%s" % (name, self.pick(("0", "0", "1")), limit))
        elif way == 1:
            self.emit("mut %s := %s - 1" % (name, limit))
            self.open("while %s >= %s%s" % (name, self.pick(("0", "0", "1", "-1")), extra))
        else:
            self.emit("mut %s := %s" % (name, self.pick(("0", "0", "1"))))
            compare = self.pick(("<", "<", "<=")) if way == 2 else "<"
            self.open("while %s %s %s%s" % (name, compare, limit, extra))
        element = ELEMENT[kind]
        guarded = self.chance(0.5)
        if guarded:
            self.open("if %s%s < len(%s) && %s%s >= 0" % (name, offset, array, name, offset))
        target, _ = self.target(scope, (element,))
        if target and element in ("int", "float"):
            self.emit("%s %s %s" % (target, self.pick(("+=", "-=", ":=")), index))
        elif target:
            self.emit("%s := %s" % (target, index))
        if self.chance(0.5):
            self.emit("%s := %s" % (index, self.clipped(element, self.expr(element, inner, 1))))
        if guarded:
            self.close()
        if self.chance(0.4):
            self.block(inner, 1, 0)
        if way == 1:
            self.emit("%s := %s - %s" % (name, name, step))
        elif way > 1:
            self.emit("%s := %s + %s" % (name, name, step))
        self.weight = weight
        self.quiet_loops = quiet
        self.close()

    def pause(self, scope, depth):
        self.emit(self.pick(("await async_sleep(0)", "if %s { await async_sleep(0) }" % self.expr("bool", scope, 1))))

    def give(self, scope, depth):
        if self.yielded + self.weight > 40:
            return self.assign(scope, depth)
        self.yielded += self.weight
        text = "yield %s" % self.clipped(self.yields, self.computed(self.yields, scope)) if self.chance(0.95) else "yield"
        choice = self.rng.randrange(12)
        if choice == 0:
            name = self.fresh("y")
            self.emit("mut %s := %s" % (name, text))
            scope.kinds[name] = "any"
        elif choice == 1 and self.yields == "int":
            name, _ = self.target(scope, ("int",))
            self.emit("%s := 1 + (%s)" % (name, text) if name else text)
        elif choice == 2:
            self.emit("if %s { return }" % self.expr("bool", scope, 1))
            self.emit(text)
        else:
            self.emit(text)

    def made(self, scope, depth):
        """The making of a generator that the work allows, and the generator."""
        fits = [b for b in self.bodies if self.cost + b.cost * self.weight < WORK_PER_CALL]
        if not fits:
            return None, None
        b = self.pick(fits)
        self.cost += b.cost * self.weight
        args = [str(self.rng.randint(0, 3)) if b.recursive and i == 0 else self.expr(k, scope, depth - 1) for i, k in enumerate(b.params)]
        return "%s(%s)" % (b.name, ", ".join(args)), b

    def draw(self, scope, depth):
        names = scope.names("gen")
        if names and self.chance(0.7):
            name, choice = self.pick(names), self.rng.randrange(4)
            if choice == 0:
                self.emit("mut %s := show(%s.next())" % (self.fresh("u"), name))
            elif choice == 1:
                local = self.fresh("r")
                self.emit("mut %s := take(%s, %d)" % (local, name, self.rng.randint(0, 4)))
                scope.kinds[local] = "mixed"
            else:
                item = self.fresh("i")
                inner = Scope(scope)
                inner.kinds[item] = "any"
                self.open("for %s in %s" % (item, name))
                self.emit("if %s { break }" % self.expr("bool", scope, 1))
                self.loops, self.quiet_loops = self.loops + 1, self.quiet_loops + 1
                self.block(inner, self.rng.randint(1, 2), 0)
                self.loops, self.quiet_loops = self.loops - 1, self.quiet_loops - 1
                self.close()
            return
        text, body = self.made(scope, 2)
        if text is None:
            return self.assign(scope, depth)
        local = self.fresh("r")
        if self.chance(0.6):
            self.emit("mut %s := %s" % (local, text))
            scope.kinds[local] = "gen"
        else:
            self.emit("mut %s := %s" % (local, self.pick(("collect(%s)", "take(%s, 5)", "%s.next()", "map(%s, func(v) => [v])")) % text))
            scope.kinds[local] = "any"

    def leave_loop(self, scope, depth):
        self.emit("if %s { %s }" % (self.expr("bool", scope, 1), self.pick(("break", "continue"))))

    def early_return(self, scope, depth):
        self.emit("if %s { return %s }" % (self.expr("bool", scope, 1), self.clipped(self.current, self.expr(self.current, scope, 1))))

    # -- functions

    def function(self, recursive, awaits=False):
        name, call = self.fresh("f"), "await " if awaits else ""
        kinds = [self.pick(SCALARS + ("int", "int", "ints", "floats", "rows", "idict", "struct", "fun", "any")) for _ in range(self.rng.randint(0 if not recursive else 1, 4))]
        if recursive:
            kinds[0] = "int"
        result = self.pick(SCALARS + ("int", "int", "ints", "floats", "mixed", "struct", "rows", "record"))
        defaults = self.rng.randint(1, 2) if len(kinds) > 1 + recursive and self.chance(0.25) else 0
        defaults = min(defaults, len(kinds) - recursive)
        scope = Scope(self.globals)
        params = []
        for i, kind in enumerate(kinds):
            param = self.fresh("p")
            if i >= len(kinds) - defaults:
                functions, self.functions = self.functions, []
                params.append("%s := %s" % (param, self.expr(kind, scope, 1)))
                self.functions = functions
            else:
                params.append(param)
            scope.kinds[param] = kind
            if recursive and i == 0:
                scope.kept.add(param)
        self.cost, self.weight, self.loops, self.quiet_loops, self.current = 1, 1, 0, 0, result
        self.awaits = awaits
        self.open("%sfunc %s(%s)" % ("async " if awaits else "", name, ", ".join(params)))
        if recursive:
            first = params[0]
            self.emit("if %s <= 0 { return %s }" % (first, self.clipped(result, self.expr(result, scope, 1))))
        for _ in range(self.rng.randint(2, 6)):
            self.statement(scope, 3)
        cost = self.cost
        if recursive:
            rounds = self.rng.randint(1, 2)
            for _ in range(rounds):
                local = self.fresh("l")
                rest = [self.expr(k, scope, 1) for k in kinds[1 : len(kinds) - defaults]]
                self.emit("mut %s := %s%s(%s)" % (local, call, name, ", ".join([first + " - 1"] + rest)))
                scope.kinds[local] = result
            cost *= 4 if rounds == 1 else 15
            self.statement(scope, 2)
        if self.chance(0.93):
            self.emit("return %s" % self.clipped(result, self.computed(result, scope, 2)))
        else:
            result = "any"
        self.close()
        self.current, self.awaits = None, False
        self.functions.append(Function(call + name, kinds, defaults, result, cost, recursive))

    def polymorphic(self):
        """A short function for operands of all kinds."""
        name = self.fresh("f")
        body = self.pick((
            "return a + b", "return a == b || a != b", "return [a, b][0]", "return a < b", "mut c := a c := c + b return [c, a]", "return a ?? b",
            "mut s := a for i in 4 { s := s + b } return s", "if a { return b } return a", "return \"${a}:${b}\"", "return a * b - a",
            "try { return a[b] } except e { return b }", "a[0] := b return a", "mut t := 0 for x in a { t += 1 if x == b || t > 9 { break } } return t",
            "return -a", "match a { case 1: { return b } case \"a\": { return 2 } default: { return type(a) } }", "return a / b + a % b",
            "return a.x", "return len(a) + len(b)", "mut m := [a] m := push(m, b) return m[-1] == b && m[0] != a", "return (a && b) == (b || a)",
        ))
        self.emit("func %s(a, b) { %s }" % (name, body))
        self.functions.append(Function(name, ["any", "any"], 0, "any", 6, False))

    def make_generators(self):
        for _ in range(self.rng.randint(0, 2)):
            name = self.fresh("gen")
            times = self.rng.randint(2, 7)
            self.open("func* %s(n)" % name)
            self.emit("mut k := n %% %d" % self.rng.randint(2, 9))
            self.open("for j in %d" % times)
            if self.chance(0.3):
                self.emit("if k == %d { return }" % self.rng.randint(0, 9))
            self.emit("yield %s" % self.pick(("k + j", "k * j", "j * j - k", "[k, j][j % 2]")))
            self.emit(self.pick(("k += 1", "k := (k * 3 + j) % 17", "k -= j")))
            self.close()
            self.close()
            self.generators.append((name, times))

    def body(self):
        """A generator made as functions are."""
        name, recursive = self.fresh("body"), self.chance(0.2)
        kinds = [self.pick(SCALARS + ("int", "int", "ints", "floats", "struct", "fun", "any")) for _ in range(self.rng.randint(1 if recursive else 0, 3))]
        if recursive:
            kinds[0] = "int"
        scope = Scope(self.globals)
        params = [self.fresh("p") for _ in kinds]
        scope.kinds.update(zip(params, kinds))
        scope.kept.update(params[:1] if recursive else ())
        kind = self.pick(("int", "int", "int", "float", "str", "ints", "struct", "any", "bool"))
        self.cost, self.weight, self.loops, self.quiet_loops, self.current = 1, 1, 0, 0, None
        self.yields, self.yielded = kind, 0
        self.open("func* %s(%s)" % (name, ", ".join(params)))
        if recursive:
            self.emit("if %s <= 0 { return }" % params[0])
        for _ in range(self.rng.randint(1, 3)):
            self.statement(scope, 3)
        for _ in range(self.rng.randint(0, 1)):
            self.loop(scope, 3)
        self.give(scope, 0)
        if recursive:
            rest = [self.expr(k, scope, 1) for k in kinds[1:]]
            self.emit("for x in %s(%s) { yield x }" % (name, ", ".join([params[0] + " - 1"] + rest)))
            if self.chance(0.5):
                self.give(scope, 0)
        for _ in range(self.rng.randint(0, 2)):
            self.statement(scope, 2)
        self.close()
        times = self.yielded * (4 if recursive else 1) + 1
        self.bodies.append(Body(name, kinds, kind, times, self.cost * (4 if recursive else 1) + times, recursive))
        self.yields = None

    def drive_body(self, b):
        times = max(3, min(self.pick((20, 60, 130)), WORK_PER_DRIVER // max(b.cost, 1)))
        scope = Scope()
        scope.kinds.update(self.globals.kinds)
        name, item = self.fresh("i"), self.fresh("i")
        scope.kinds[name] = "int"
        scope.kept.add(name)
        functions, self.functions = self.functions, []
        bodies, self.bodies = self.bodies, [b]
        self.cost, self.weight, self.loops, self.quiet_loops = -WORK_PER_DRIVER, 1, 1, 0
        self.open("for %s in %d" % (name, times))
        self.open("try")
        text, _ = self.made(scope, 1)
        self.open("for %s in %s" % (item, text))
        self.emit('print("%s", %s, show(%s))' % (b.name, name, item))
        self.emit("if %s %% 7 == 6 && %s { break }" % (name, self.expr("bool", scope, 1)))
        self.close()
        self.close(" except e { print(\"%s\", %s, e.message, e.line, e.stack) }" % (b.name, name))
        self.close()
        self.functions, self.bodies = functions, bodies

    def drive(self, f):
        times = max(3, min(self.pick((40, 130, 130, 260)), WORK_PER_DRIVER // max(f.cost, 1)))
        scope = Scope()
        for name, kind in self.globals.kinds.items():
            scope.kinds[name] = kind
        name = self.fresh("i")
        scope.kinds[name] = "int"
        scope.kept.add(name)
        self.cost, self.weight, self.loops, self.quiet_loops = 0, 1, 1, 0
        functions, self.functions = self.functions, []
        self.open("for %s in %d" % (name, times))
        self.open("try")
        plain = self.arguments(f, scope, 1)
        self.emit("mut r := %s(%s)" % (f.name, ", ".join(plain)))
        self.emit('print("%s", %s, show(r))' % (f.name, name))
        if self.chance(0.6):
            other = [self.expr(k, scope, 1) if not (f.recursive and i == 0) else "2" for i, k in enumerate(f.params)]
            if other and not f.recursive and self.chance(0.6):
                other[self.rng.randrange(len(other))] = self.expr(self.pick(SCALARS + ARRAYS + ("null",)), scope, 1)
            self.emit("if %s %s { r := %s(%s) print(show(r)) }" % (name, self.pick(("> %d" % (times // 2), "% 3 == 1", "== %d" % (times - 2), "> %d" % (times - 9))), f.name, ", ".join(other)))
        self.close(" except e {")
        self.indent += 1
        self.emit('print("%s", %s, e.message, e.line, e.stack)' % (f.name, name))
        self.close()
        self.close()
        self.functions = functions

    def global_loop(self):
        """A hot loop at top level that counts in globals and, for the most part, calls nothing."""
        scope = self.globals
        name = self.fresh("g")
        self.emit("mut %s := %d" % (name, self.rng.randint(0, 2)))
        limit, down = self.rng.randint(30, 700), self.chance(0.25)
        if down:
            self.emit("%s := %d" % (name, limit))
        self.open("while %s %s" % (name, "> 0" if down else "< %d" % limit))
        for _ in range(self.rng.randint(1, 4)):
            kind = self.pick(("int", "int", "float", "bool"))
            target, _ = self.target(scope, (kind,))
            if not target:
                continue
            if kind == "int":
                self.emit("%s := (%s %s %s) %% %s" % (target, target, self.pick("+-*"), self.pick((name, "7", name + " % 5")), self.pick(("1009", "64", name + " + 1"))))
            elif kind == "float":
                self.emit("%s := %s %s %s" % (target, target, self.pick("+-"), self.pick((name, "0.5", name + " * 0.25"))))
            else:
                self.emit("%s := %s %% 3 == 1" % (target, name))
            if self.chance(0.2):
                self.open("if %s == %d" % (name, self.rng.randint(0, limit)))
                self.emit("%s := %s" % (target, self.expr(self.pick((kind, kind, "float", "int")), scope, 1)))
                self.close()
        names = scope.names("ints")
        if names and self.chance(0.5):
            array = self.pick(names)
            target, _ = self.target(scope, ("int",))
            if target:
                self.open("if %s < len(%s)" % (name, array))
                self.emit("%s := %s + %s[%s]" % (target, target, array, name))
                self.close()
        self.emit("%s := %s %s 1" % (name, name, "-" if down else "+"))
        self.close()

    def program(self):
        self.emit("struct Problem { message, cause }")
        self.emit("struct P { x, y")
        self.emit("  func moved(self, d) { self.x := (self.x + d) % 100003 return self }")
        self.emit("  func twice(self) { return self.x * 2 }")
        self.emit("  func both() { return x + y }")
        self.emit("  func op_add(self, o) { return P { x: self.x + o.x, y: self.y - o.y } }")
        self.emit("  func op_mul(self, k) { return P { x: self.x, y: self.y * k % 1009 } }")
        self.emit("  func op_neg(self) { return P { x: -self.x, y: self.y } }")
        self.emit("  %s" % self.pick(("func op_eq(self, o) { return self.x == o.x }", "func op_lt(self, o) { return self.x < o.x }", "func op_not(self) { return self.y == 0 }")))
        self.emit("}")
        self.emit("struct Q { z, u := 5")
        self.emit("  func twice(self) { return self.z * 2 }")
        self.emit("  func both(self) { return [self.z, self.u] }")
        self.emit("  func moved(self, d) { self.u := (self.u + d) % 1009 return self }")
        self.emit("  func part(self, k) { if k % 5 == 0 { throw(\"part ${k % 3}\") } return self.z } }")
        self.emit("struct W { x")
        self.emit("  func twice() { return x + 0.5 }")
        self.emit("  func both(self) { return \"w\" }")
        self.emit("  func moved(self, d) { return null } }")
        self.emit("func risky(n, v) { if n % 3 == 0 { throw(\"r${n % 4}\") } return v }")
        self.emit("func riskier(n, v) { mut k := [v, n] r := risky(n + 1, k[0]) return r }")
        self.emit("func twice_of(v) { return v + v }")
        self.emit('func show(v) { s := to_string(v) if len(s) > 150 { return substring(s, 0, 150) + "#${len(s)}" } return s }')
        wrong, self.wrong = self.wrong, 0
        for _ in range(self.rng.randint(2, 5)):
            kind = self.pick(KINDS[:-1])
            name = self.fresh("g")
            self.emit("mut %s := %s" % (name, self.clipped(kind, self.expr(kind, self.globals, 0))))
            self.globals.kinds[name] = kind
        self.wrong = wrong
        self.make_generators()
        for number in range(self.rng.randint(3, 6)):
            if self.chance(0.3):
                self.body()
            elif self.chance(0.25):
                self.polymorphic()
            else:
                self.function(self.chance(0.2))
        if self.chance(0.3):  # the last one, so that only the main program awaits it: then what it calls may be native
            self.function(self.chance(0.2), True)
        for f in self.functions:
            self.drive(f)
        for b in self.bodies:
            self.drive_body(b)
        self.functions = [f for f in self.functions if f.cost < 40]
        self.bodies = [b for b in self.bodies if b.cost < 40]
        self.cost, self.weight, self.loops, self.quiet_loops = -300, 1, 1, 0
        top = Scope(self.globals)
        self.open("for round in %d" % self.pick((5, 30, 120)))
        top.kinds["round"] = "int"
        top.kept.add("round")
        self.quiet_loops = 1
        self.open("try")
        for _ in range(self.rng.randint(2, 5)):
            self.statement(top, 2)
        self.close(" except e { if round < 9 { print(e.message, e.line, e.stack) } }")
        self.close()
        for _ in range(self.pick((0, 1, 1, 2))):
            guarded = self.chance(0.3)
            if guarded:
                self.open("try")
            self.global_loop()
            if guarded:
                self.close(" except e { print(e.message) }")
        for name in self.globals.kinds:
            self.emit('print("%s", show(%s))' % (name, name))
        if self.functions and self.chance(0.15):
            f = self.pick(self.functions)
            self.emit("print(%s(%s))" % (f.name, ", ".join(self.expr("any", self.globals, 1) for _ in range(len(f.params) + self.pick((0, 0, 1))))))
            self.emit("print(undefined_at_the_end)")
        return "\n".join(self.lines) + "\n"


def program(seed):
    return Generator(seed).program()


if __name__ == "__main__":
    sys.stdout.write(program(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
