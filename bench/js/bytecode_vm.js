const PUSH = 0, LOAD = 1, STORE = 2, ADD = 3, MUL = 4, MOD = 5, LESS = 6, JUMP = 7, JUMP_IF_ZERO = 8, HALT = 9;
const op = (code, value) => ({ code, value });

function program(limit) {
  return [
    op(PUSH, 2), op(STORE, 0), op(LOAD, 0), op(PUSH, limit), op(LESS, 0), op(JUMP_IF_ZERO, 32), op(PUSH, 2), op(STORE, 1),
    op(LOAD, 0), op(LOAD, 1), op(LOAD, 1), op(MUL, 0), op(LESS, 0), op(JUMP_IF_ZERO, 18),
    op(LOAD, 2), op(PUSH, 1), op(ADD, 0), op(JUMP, 26), op(LOAD, 0), op(LOAD, 1), op(MOD, 0), op(JUMP_IF_ZERO, 27),
    op(LOAD, 1), op(PUSH, 1), op(ADD, 0), op(JUMP, 30), op(STORE, 2), op(LOAD, 0), op(PUSH, 1), op(JUMP, 33),
    op(STORE, 1), op(JUMP, 8), op(HALT, 0), op(ADD, 0), op(STORE, 0), op(JUMP, 2),
  ];
}

function run(code) {
  const slots = [0, 0, 0], stack = [];
  let pc = 0, steps = 0;
  for (;;) {
    const { code: op, value } = code[pc++];
    steps++;
    if (op === LOAD) stack.push(slots[value]);
    else if (op === PUSH) stack.push(value);
    else if (op === STORE) slots[value] = stack.pop();
    else if (op === JUMP) pc = value;
    else if (op === JUMP_IF_ZERO) { if (stack.pop() === 0) pc = value; }
    else if (op === HALT) return [slots[2], steps];
    else {
      const b = stack.pop(), a = stack.pop();
      if (op === ADD) stack.push(a + b);
      else if (op === MUL) stack.push(a * b);
      else if (op === MOD) stack.push(a % b);
      else stack.push(a < b ? 1 : 0);
    }
  }
}

console.log(run(program(Number(process.argv[2] || 50000))).join(" "));
