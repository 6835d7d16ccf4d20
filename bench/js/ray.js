class Vec {
  constructor(x, y, z) {
    this.x = x;
    this.y = y;
    this.z = z;
  }
  add(o) { return new Vec(this.x + o.x, this.y + o.y, this.z + o.z); }
  sub(o) { return new Vec(this.x - o.x, this.y - o.y, this.z - o.z); }
  mul(k) { return new Vec(this.x * k, this.y * k, this.z * k); }
  dot(o) { return this.x * o.x + this.y * o.y + this.z * o.z; }
  unit() { return this.mul(1.0 / Math.sqrt(this.dot(this))); }
}

class Sphere {
  constructor(center, radius, shine) {
    this.center = center;
    this.radius = radius;
    this.shine = shine;
  }
  hit(origin, direction) {
    const toCenter = this.center.sub(origin), along = toCenter.dot(direction);
    const under = along * along - toCenter.dot(toCenter) + this.radius * this.radius;
    return under < 0.0 ? -1.0 : along - Math.sqrt(under);
  }
}

const light = new Vec(-1.0, 2.0, -1.5).unit(), spheres = [];

function shade(origin, direction, depth) {
  let nearest = 1000000.0, found = null;
  for (const sphere of spheres) {
    const distance = sphere.hit(origin, direction);
    if (distance > 0.001 && distance < nearest) {
      nearest = distance;
      found = sphere;
    }
  }
  if (!found) return 0.3 + 0.2 * direction.y;
  const point = origin.add(direction.mul(nearest)), normal = point.sub(found.center).unit(), facing = normal.dot(light);
  let brightness = 0.1;
  if (facing > 0.0) brightness += 0.7 * facing;
  if (depth > 0 && found.shine > 0.0) {
    const mirrored = direction.sub(normal.mul(2.0 * direction.dot(normal)));
    brightness += found.shine * shade(point, mirrored, depth - 1);
  }
  return brightness;
}

const size = Number(process.argv[2] || 800);
for (let i = 0; i < 9; i++) {
  spheres.push(new Sphere(new Vec((i % 3 - 1) * 2.0, (Math.floor(i / 3) - 1) * 2.0, 6.0 + i % 2), 0.9, i % 3 * 0.3));
}
const eye = new Vec(0.0, 0.0, -2.0);
let total = 0;
for (let row = 0; row < size; row++) {
  for (let column = 0; column < size; column++) {
    const direction = new Vec(2.0 * column / size - 1.0, 1.0 - 2.0 * row / size, 2.0).unit();
    total += Math.floor(shade(eye, direction, 3) * 255.0);
  }
}
console.log(String(total));
