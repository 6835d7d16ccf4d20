local function num(n) return {kind = "num", n = n} end
local function add(a, b) return {kind = "add", a = a, b = b} end
local function mul(a, b) return {kind = "mul", a = a, b = b} end

local function derive(e)
  if e.kind == "num" then return num(0) end
  if e.kind == "var" then return num(1) end
  if e.kind == "add" then return add(derive(e.a), derive(e.b)) end
  return add(mul(derive(e.a), e.b), mul(e.a, derive(e.b)))
end

local function is_num(e, n) return e.kind == "num" and e.n == n end

local function simplify(e)
  if e.kind == "add" then
    local x, y = simplify(e.a), simplify(e.b)
    if is_num(x, 0) then return y end
    if is_num(y, 0) then return x end
    return add(x, y)
  end
  if e.kind == "mul" then
    local x, y = simplify(e.a), simplify(e.b)
    if is_num(x, 0) or is_num(y, 0) then return num(0) end
    if is_num(x, 1) then return y end
    if is_num(y, 1) then return x end
    return mul(x, y)
  end
  return e
end

local function evaluate(e, x)
  if e.kind == "num" then return e.n end
  if e.kind == "var" then return x end
  if e.kind == "add" then return (evaluate(e.a, x) + evaluate(e.b, x)) % 1000003 end
  return evaluate(e.a, x) * evaluate(e.b, x) % 1000003
end

local function size(e)
  if e.a then return 1 + size(e.a) + size(e.b) end
  return 1
end

local function product(low, high)
  if low == high then return add({kind = "var"}, num(low)) end
  local middle = math.floor((low + high) / 2)
  return mul(product(low, middle), product(middle + 1, high))
end

local second = simplify(derive(simplify(derive(product(1, tonumber(arg[1]) or 2000)))))
local sum = 0
for x = 0, 19 do sum = (sum + evaluate(second, x)) % 1000003 end
print(size(second) .. " " .. sum)
