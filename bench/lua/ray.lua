local Vec = {}
Vec.__index = Vec
local function vec(x, y, z) return setmetatable({x = x, y = y, z = z}, Vec) end
Vec.__add = function(a, b) return vec(a.x + b.x, a.y + b.y, a.z + b.z) end
Vec.__sub = function(a, b) return vec(a.x - b.x, a.y - b.y, a.z - b.z) end
Vec.__mul = function(a, k) return vec(a.x * k, a.y * k, a.z * k) end
function Vec:dot(o) return self.x * o.x + self.y * o.y + self.z * o.z end
function Vec:unit() return self * (1.0 / math.sqrt(self:dot(self))) end

local Sphere = {}
Sphere.__index = Sphere
function Sphere:hit(origin, direction)
  local to_center = self.center - origin
  local along = to_center:dot(direction)
  local under = along * along - to_center:dot(to_center) + self.radius * self.radius
  if under < 0.0 then return -1.0 end
  return along - math.sqrt(under)
end

local light, spheres = vec(-1.0, 2.0, -1.5):unit(), {}

local function shade(origin, direction, depth)
  local nearest, found = 1000000.0, nil
  for _, sphere in ipairs(spheres) do
    local distance = sphere:hit(origin, direction)
    if distance > 0.001 and distance < nearest then nearest, found = distance, sphere end
  end
  if not found then return 0.3 + 0.2 * direction.y end
  local point = origin + direction * nearest
  local normal = (point - found.center):unit()
  local brightness, facing = 0.1, normal:dot(light)
  if facing > 0.0 then brightness = brightness + 0.7 * facing end
  if depth > 0 and found.shine > 0.0 then
    local mirrored = direction - normal * (2.0 * direction:dot(normal))
    brightness = brightness + found.shine * shade(point, mirrored, depth - 1)
  end
  return brightness
end

local size = tonumber(arg[1]) or 800
for i = 0, 8 do
  local center = vec((i % 3 - 1) * 2.0, (math.floor(i / 3) - 1) * 2.0, 6.0 + i % 2)
  spheres[i + 1] = setmetatable({center = center, radius = 0.9, shine = i % 3 * 0.3}, Sphere)
end
local eye, total = vec(0.0, 0.0, -2.0), 0
for row = 0, size - 1 do
  for column = 0, size - 1 do
    local direction = vec(2.0 * column / size - 1.0, 1.0 - 2.0 * row / size, 2.0):unit()
    total = total + math.floor(shade(eye, direction, 3) * 255.0)
  end
end
print(string.format("%d", total))
