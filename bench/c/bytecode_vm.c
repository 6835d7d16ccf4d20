#include <stdio.h>
#include <stdlib.h>

enum { PUSH, LOAD, STORE, ADD, MUL, MOD, LESS, JUMP, JUMP_IF_ZERO, HALT };
typedef struct {
    int code, value;
} Op;

int main(int argc, char **argv)
{
    int limit = argc > 1 ? atoi(argv[1]) : 50000;
    Op code[] = {{PUSH, 2},  {STORE, 0},         {LOAD, 0},  {PUSH, limit},      {LESS, 0},  {JUMP_IF_ZERO, 32},
                 {PUSH, 2},  {STORE, 1},         {LOAD, 0},  {LOAD, 1},          {LOAD, 1},  {MUL, 0},
                 {LESS, 0},  {JUMP_IF_ZERO, 18}, {LOAD, 2},  {PUSH, 1},          {ADD, 0},   {JUMP, 26},
                 {LOAD, 0},  {LOAD, 1},          {MOD, 0},   {JUMP_IF_ZERO, 27}, {LOAD, 1},  {PUSH, 1},
                 {ADD, 0},   {JUMP, 30},         {STORE, 2}, {LOAD, 0},          {PUSH, 1},  {JUMP, 33},
                 {STORE, 1}, {JUMP, 8},          {HALT, 0},  {ADD, 0},           {STORE, 0}, {JUMP, 2}};
    long slots[3] = {0}, stack[16], steps = 0;
    int sp = 0, pc = 0;
    for (;;) {
        Op op = code[pc++];
        steps++;
        switch (op.code) {
        case LOAD: stack[sp++] = slots[op.value]; break;
        case PUSH: stack[sp++] = op.value; break;
        case STORE: slots[op.value] = stack[--sp]; break;
        case JUMP: pc = op.value; break;
        case JUMP_IF_ZERO:
            if (stack[--sp] == 0)
                pc = op.value;
            break;
        case HALT: printf("%ld %ld\n", slots[2], steps); return 0;
        case ADD:
            sp--;
            stack[sp - 1] += stack[sp];
            break;
        case MUL:
            sp--;
            stack[sp - 1] *= stack[sp];
            break;
        case MOD:
            sp--;
            stack[sp - 1] %= stack[sp];
            break;
        case LESS:
            sp--;
            stack[sp - 1] = stack[sp - 1] < stack[sp];
            break;
        }
    }
}
