#include <stdio.h>
#include <stdlib.h>

typedef struct {
    long arrived, patience, work;
} Customer;
typedef struct {
    long busy_until, served, worked;
} Counter;

static long seed = 11;

static long below(long n)
{
    return (seed = seed * 16807 % 2147483647) / 8 % n;
}

int main(int argc, char **argv)
{
    long ticks = argc > 1 ? atol(argv[1]) : 4000000, waited = 0, lost = 0, served = 0, worked = 0;
    Counter counters[5] = {{0}};
    Customer *waiting = malloc(sizeof(Customer) * 1024); /* a ring that grows */
    size_t space = 1024, first = 0, count = 0;
    for (long now = 0; now < ticks; now++) {
        if (below(3) == 0) {
            long patience = 5 + below(30), work = 1 + below(30);
            if (count == space) {
                Customer *more = malloc(sizeof(Customer) * space * 2);
                for (size_t i = 0; i < count; i++)
                    more[i] = waiting[(first + i) % space];
                free(waiting);
                waiting = more;
                first = 0;
                space *= 2;
            }
            waiting[(first + count++) % space] = (Customer){now, patience, work};
        }
        while (count > 0) {
            int i = 0;
            while (i < 5 && counters[i].busy_until > now)
                i++;
            if (i == 5)
                break;
            Customer c = waiting[first];
            first = (first + 1) % space;
            count--;
            if (now - c.arrived > c.patience)
                lost++;
            else {
                waited += now - c.arrived;
                counters[i].busy_until = now + c.work;
                counters[i].served++;
                counters[i].worked += c.work;
            }
        }
    }
    for (int i = 0; i < 5; i++)
        served += counters[i].served, worked += counters[i].worked;
    printf("%ld served, %ld lost, %zu waiting, %ld waited, %ld worked\n", served, lost, count, waited, worked);
}
