import sys
from math import sqrt


class Vec:
    __slots__ = ("x", "y", "z")

    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z

    def __add__(self, o):
        return Vec(self.x + o.x, self.y + o.y, self.z + o.z)

    def __sub__(self, o):
        return Vec(self.x - o.x, self.y - o.y, self.z - o.z)

    def __mul__(self, k):
        return Vec(self.x * k, self.y * k, self.z * k)

    def dot(self, o):
        return self.x * o.x + self.y * o.y + self.z * o.z

    def unit(self):
        return self * (1.0 / sqrt(self.dot(self)))


class Sphere:
    def __init__(self, center, radius, shine):
        self.center = center
        self.radius = radius
        self.shine = shine

    def hit(self, origin, direction):
        to_center = self.center - origin
        along = to_center.dot(direction)
        under = along * along - to_center.dot(to_center) + self.radius * self.radius
        return -1.0 if under < 0.0 else along - sqrt(under)


light = Vec(-1.0, 2.0, -1.5).unit()


def shade(spheres, origin, direction, depth):
    nearest, found = 1000000.0, None
    for sphere in spheres:
        distance = sphere.hit(origin, direction)
        if 0.001 < distance < nearest:
            nearest, found = distance, sphere
    if found is None:
        return 0.3 + 0.2 * direction.y
    point = origin + direction * nearest
    normal = (point - found.center).unit()
    brightness = 0.1
    facing = normal.dot(light)
    if facing > 0.0:
        brightness += 0.7 * facing
    if depth > 0 and found.shine > 0.0:
        mirrored = direction - normal * (2.0 * direction.dot(normal))
        brightness += found.shine * shade(spheres, point, mirrored, depth - 1)
    return brightness


def main(size):
    spheres = [Sphere(Vec((i % 3 - 1) * 2.0, (i // 3 - 1) * 2.0, 6.0 + i % 2), 0.9, i % 3 * 0.3) for i in range(9)]
    eye, total = Vec(0.0, 0.0, -2.0), 0
    for row in range(size):
        for column in range(size):
            direction = Vec(2.0 * column / size - 1.0, 1.0 - 2.0 * row / size, 2.0).unit()
            total += int(shade(spheres, eye, direction, 3) * 255.0)
    print(total)


main(int(sys.argv[1]) if len(sys.argv) > 1 else 800)
