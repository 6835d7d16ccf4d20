local function digit_of(c)
  local d = ("0123456789"):find(c, 1, true)
  if not d then error({message = "bad digit " .. c}) end
  return d - 1
end

local function number_of(text)
  if #text == 0 then error({message = "empty"}) end
  local n = 0
  for i = 1, #text do n = n * 10 + digit_of(text:sub(i, i)) end
  return n
end

local function checked(text, limit)
  local ok, n = pcall(number_of, text)
  if not ok then error({message = "in '" .. text .. "': " .. n.message}) end
  if n > limit then error({message = "too large"}) end
  return n
end

local texts = {"12", "345", "x7", "99999", "", "4x2", "8", "1234", "77", "500"}
local sum, closed, errors = 0, 0, {}
for i = 0, (tonumber(arg[1]) or 2000000) - 1 do
  local ok, n = pcall(checked, texts[i % #texts + 1], 9999)
  if ok then
    sum = sum + n
  else
    errors[n.message] = (errors[n.message] or 0) + 1
  end
  closed = closed + 1
end
print(sum .. " " .. closed)
local names = {}
for message in pairs(errors) do names[#names + 1] = message end
table.sort(names)
for _, message in ipairs(names) do print(message .. ": " .. errors[message]) end
