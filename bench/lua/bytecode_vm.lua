local PUSH, LOAD, STORE, ADD, MUL, MOD, LESS, JUMP, JUMP_IF_ZERO, HALT = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
local function op(code, value) return {code = code, value = value} end

local function program(limit)
  return {
    op(PUSH, 2), op(STORE, 0), op(LOAD, 0), op(PUSH, limit), op(LESS, 0), op(JUMP_IF_ZERO, 32), op(PUSH, 2), op(STORE, 1),
    op(LOAD, 0), op(LOAD, 1), op(LOAD, 1), op(MUL, 0), op(LESS, 0), op(JUMP_IF_ZERO, 18),
    op(LOAD, 2), op(PUSH, 1), op(ADD, 0), op(JUMP, 26), op(LOAD, 0), op(LOAD, 1), op(MOD, 0), op(JUMP_IF_ZERO, 27),
    op(LOAD, 1), op(PUSH, 1), op(ADD, 0), op(JUMP, 30), op(STORE, 2), op(LOAD, 0), op(PUSH, 1), op(JUMP, 33),
    op(STORE, 1), op(JUMP, 8), op(HALT, 0), op(ADD, 0), op(STORE, 0), op(JUMP, 2),
  }
end

local function run(code)
  local slots, stack, sp, pc, steps = {[0] = 0, 0, 0}, {}, 0, 0, 0
  while true do
    local instruction = code[pc + 1]
    local op = instruction.code
    pc, steps = pc + 1, steps + 1
    if op == LOAD then
      sp = sp + 1
      stack[sp] = slots[instruction.value]
    elseif op == PUSH then
      sp = sp + 1
      stack[sp] = instruction.value
    elseif op == STORE then
      slots[instruction.value] = stack[sp]
      sp = sp - 1
    elseif op == JUMP then
      pc = instruction.value
    elseif op == JUMP_IF_ZERO then
      if stack[sp] == 0 then pc = instruction.value end
      sp = sp - 1
    elseif op == HALT then
      return slots[2], steps
    else
      local a, b = stack[sp - 1], stack[sp]
      sp = sp - 1
      if op == ADD then
        stack[sp] = a + b
      elseif op == MUL then
        stack[sp] = a * b
      elseif op == MOD then
        stack[sp] = a % b
      elseif a < b then
        stack[sp] = 1
      else
        stack[sp] = 0
      end
    end
  end
end

local count, steps = run(program(tonumber(arg[1]) or 50000))
print(count .. " " .. steps)
