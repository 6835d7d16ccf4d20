#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    double x, y, z;
} Vec;
typedef struct {
    Vec center;
    double radius, shine;
} Sphere;

static Vec add(Vec a, Vec b)
{
    return (Vec){a.x + b.x, a.y + b.y, a.z + b.z};
}
static Vec sub(Vec a, Vec b)
{
    return (Vec){a.x - b.x, a.y - b.y, a.z - b.z};
}
static Vec mul(Vec a, double k)
{
    return (Vec){a.x * k, a.y * k, a.z * k};
}
static double dot(Vec a, Vec b)
{
    return a.x * b.x + a.y * b.y + a.z * b.z;
}
static Vec unit(Vec a)
{
    return mul(a, 1.0 / sqrt(dot(a, a)));
}

static Sphere spheres[9];
static Vec light;

static double hit(const Sphere *s, Vec origin, Vec direction)
{
    Vec to_center = sub(s->center, origin);
    double along = dot(to_center, direction), under = along * along - dot(to_center, to_center) + s->radius * s->radius;
    return under < 0.0 ? -1.0 : along - sqrt(under);
}

static double shade(Vec origin, Vec direction, int depth)
{
    double nearest = 1000000.0;
    int found = -1;
    for (int i = 0; i < 9; i++) {
        double distance = hit(&spheres[i], origin, direction);
        if (distance > 0.001 && distance < nearest) {
            nearest = distance;
            found = i;
        }
    }
    if (found < 0)
        return 0.3 + 0.2 * direction.y;
    const Sphere *s = &spheres[found];
    Vec point = add(origin, mul(direction, nearest)), normal = unit(sub(point, s->center));
    double brightness = 0.1, facing = dot(normal, light);
    if (facing > 0.0)
        brightness += 0.7 * facing;
    if (depth > 0 && s->shine > 0.0) {
        Vec mirrored = sub(direction, mul(normal, 2.0 * dot(direction, normal)));
        brightness += s->shine * shade(point, mirrored, depth - 1);
    }
    return brightness;
}

int main(int argc, char **argv)
{
    int size = argc > 1 ? atoi(argv[1]) : 800;
    light = unit((Vec){-1.0, 2.0, -1.5});
    for (int i = 0; i < 9; i++)
        spheres[i] = (Sphere){{(i % 3 - 1) * 2.0, (i / 3 - 1) * 2.0, 6.0 + i % 2}, 0.9, i % 3 * 0.3};
    Vec eye = {0.0, 0.0, -2.0};
    long total = 0;
    for (int row = 0; row < size; row++)
        for (int column = 0; column < size; column++) {
            Vec direction = unit((Vec){2.0 * column / size - 1.0, 1.0 - 2.0 * row / size, 2.0});
            total += (long)(shade(eye, direction, 3) * 255.0);
        }
    printf("%ld\n", total);
}
