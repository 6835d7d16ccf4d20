import sys

PUSH, LOAD, STORE, ADD, MUL, MOD, LESS, JUMP, JUMP_IF_ZERO, HALT = range(10)


def op(code, value):
    return {"code": code, "value": value}


def program(limit):
    return [
        op(PUSH, 2), op(STORE, 0), op(LOAD, 0), op(PUSH, limit), op(LESS, 0), op(JUMP_IF_ZERO, 32), op(PUSH, 2), op(STORE, 1),
        op(LOAD, 0), op(LOAD, 1), op(LOAD, 1), op(MUL, 0), op(LESS, 0), op(JUMP_IF_ZERO, 18),
        op(LOAD, 2), op(PUSH, 1), op(ADD, 0), op(JUMP, 26), op(LOAD, 0), op(LOAD, 1), op(MOD, 0), op(JUMP_IF_ZERO, 27),
        op(LOAD, 1), op(PUSH, 1), op(ADD, 0), op(JUMP, 30), op(STORE, 2), op(LOAD, 0), op(PUSH, 1), op(JUMP, 33),
        op(STORE, 1), op(JUMP, 8), op(HALT, 0), op(ADD, 0), op(STORE, 0), op(JUMP, 2),
    ]


def run(code):
    slots, stack, pc, steps = [0, 0, 0], [], 0, 0
    while True:
        instruction = code[pc]
        op = instruction["code"]
        pc += 1
        steps += 1
        if op == LOAD:
            stack.append(slots[instruction["value"]])
        elif op == PUSH:
            stack.append(instruction["value"])
        elif op == STORE:
            slots[instruction["value"]] = stack.pop()
        elif op == JUMP:
            pc = instruction["value"]
        elif op == JUMP_IF_ZERO:
            if stack.pop() == 0:
                pc = instruction["value"]
        elif op == HALT:
            return slots[2], steps
        else:
            b = stack.pop()
            a = stack.pop()
            if op == ADD:
                stack.append(a + b)
            elif op == MUL:
                stack.append(a * b)
            elif op == MOD:
                stack.append(a % b)
            elif a < b:
                stack.append(1)
            else:
                stack.append(0)


count, steps = run(program(int(sys.argv[1]) if len(sys.argv) > 1 else 50000))
print(count, steps)
