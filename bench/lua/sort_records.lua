local function before(a, b)
  if a.age ~= b.age then return a.age < b.age end
  return a.name < b.name
end

local function merge_sort(items, from, to)
  if to <= from then return {items[from]} end
  local middle = math.floor((from + to - 1) / 2)
  local left, right = merge_sort(items, from, middle), merge_sort(items, middle + 1, to)
  local out, i, j = {}, 1, 1
  while i <= #left and j <= #right do
    if before(right[j], left[i]) then
      out[#out + 1] = right[j]
      j = j + 1
    else
      out[#out + 1] = left[i]
      i = i + 1
    end
  end
  while i <= #left do
    out[#out + 1] = left[i]
    i = i + 1
  end
  while j <= #right do
    out[#out + 1] = right[j]
    j = j + 1
  end
  return out
end

local towns = {"Bonn", "Oslo", "Rome", "Lyon", "Cork", "Graz", "Bern"}
local people, seed, n, place = {}, 31, tonumber(arg[1]) or 200000, {}
for i = 1, n do
  seed = seed * 16807 % 2147483647
  people[i] = {name = string.format("p%d", seed % 50000), age = math.floor(seed / 16) % 80, town = towns[seed % 7 + 1]}
end
local sorted = {}
for i, person in ipairs(people) do
  sorted[i] = person
  place[person] = i
end
table.sort(sorted, function(a, b) -- table.sort is not stable
  if a.age ~= b.age then return a.age < b.age end
  if a.name ~= b.name then return a.name < b.name end
  return place[a] < place[b]
end)
local merged, same = merge_sort(people, 1, n), 0
for i, person in ipairs(sorted) do
  local other = merged[i]
  if person.name == other.name and person.age == other.age and person.town == other.town then same = same + 1 end
end
local ages, counts, names = {}, {}, {}
for _, person in ipairs(people) do
  if not ages[person.town] then names[#names + 1] = person.town end
  ages[person.town] = (ages[person.town] or 0) + person.age
  counts[person.town] = (counts[person.town] or 0) + 1
end
print(same .. " " .. sorted[1].name .. " " .. sorted[math.floor(n / 2) + 1].name .. " " .. sorted[n].name)
table.sort(names)
for _, town in ipairs(names) do print(town .. " " .. math.floor(ages[town] / counts[town])) end
