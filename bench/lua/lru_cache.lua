local Cache = {}
Cache.__index = Cache

function Cache.new(capacity)
  local ends = {}
  ends.older, ends.newer = ends, ends
  return setmetatable({capacity = capacity, count = 0, hits = 0, entries = {}, ends = ends}, Cache)
end

local function unlink(e)
  e.older.newer, e.newer.older = e.newer, e.older
end

function Cache:link_newest(e)
  local ends = self.ends
  e.older, e.newer = ends.older, ends
  ends.older.newer = e
  ends.older = e
end

function Cache:lookup(key)
  local e = self.entries[key]
  if not e then return nil end
  unlink(e)
  self:link_newest(e)
  self.hits = self.hits + 1
  return e.value
end

function Cache:store(key, value)
  if self.count >= self.capacity then
    local oldest = self.ends.newer
    unlink(oldest)
    self.entries[oldest.key] = nil
  else
    self.count = self.count + 1
  end
  local e = {key = key, value = value}
  self.entries[key] = e
  self:link_newest(e)
end

local cache, seed, check = Cache.new(1000), 2024, 0
for i = 1, tonumber(arg[1]) or 1000000 do
  seed = seed * 16807 % 2147483647
  local key = seed % 100 * (math.floor(seed / 100) % 40)
  local value = cache:lookup(key)
  if not value then
    value = key * key % 1009
    cache:store(key, value)
  end
  check = (check * 31 + value) % 1000003
end
print(cache.hits .. " " .. check)
