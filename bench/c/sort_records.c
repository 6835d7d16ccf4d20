#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char name[16];
    int age;
    const char *town;
} Person;

static int by_age_then_name(const Person *a, const Person *b)
{
    if (a->age != b->age)
        return a->age - b->age;
    return strcmp(a->name, b->name);
}

/* Stable: pointers, which are in order at the start, decide between equals. */
static int compare(const void *a, const void *b)
{
    const Person *x = *(Person *const *)a, *y = *(Person *const *)b;
    int c = by_age_then_name(x, y);
    return c ? c : (x > y) - (x < y);
}

static Person **merge_sort(Person **items, int n)
{
    Person **out = malloc(sizeof(Person *) * (size_t)(n ? n : 1));
    if (n < 2) {
        memcpy(out, items, sizeof(Person *) * (size_t)n);
        return out;
    }
    int middle = n / 2, i = 0, j = 0, k = 0, m = n - middle;
    Person **left = merge_sort(items, middle), **right = merge_sort(items + middle, m);
    while (i < middle && j < m)
        out[k++] = by_age_then_name(right[j], left[i]) < 0 ? right[j++] : left[i++];
    while (i < middle)
        out[k++] = left[i++];
    while (j < m)
        out[k++] = right[j++];
    free(left);
    free(right);
    return out;
}

int main(int argc, char **argv)
{
    static const char *towns[] = {"Bonn", "Oslo", "Rome", "Lyon", "Cork", "Graz", "Bern"};
    static const int order[] = {6, 0, 4, 5, 3, 1, 2};
    int n = argc > 1 ? atoi(argv[1]) : 200000, same = 0;
    Person *people = malloc(sizeof(Person) * (size_t)n), **sorted = malloc(sizeof(Person *) * (size_t)n);
    long seed = 31, ages[7] = {0}, counts[7] = {0};
    for (int i = 0; i < n; i++) {
        seed = seed * 16807 % 2147483647;
        sprintf(people[i].name, "p%ld", seed % 50000);
        people[i].age = (int)(seed / 16 % 80);
        people[i].town = towns[seed % 7];
        ages[seed % 7] += people[i].age;
        counts[seed % 7]++;
        sorted[i] = &people[i];
    }
    Person **merged = merge_sort(sorted, n);
    qsort(sorted, (size_t)n, sizeof(Person *), compare);
    for (int i = 0; i < n; i++)
        same += strcmp(sorted[i]->name, merged[i]->name) == 0 && sorted[i]->age == merged[i]->age &&
                sorted[i]->town == merged[i]->town;
    printf("%d %s %s %s\n", same, sorted[0]->name, sorted[n / 2]->name, sorted[n - 1]->name);
    for (int i = 0; i < 7; i++)
        if (counts[order[i]])
            printf("%s %ld\n", towns[order[i]], ages[order[i]] / counts[order[i]]);
}
