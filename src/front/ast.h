/* The syntax tree. All nodes live in the arena of their RfAst. Every node knows where an error in it is shown (`pos`,
 * language.md 18.3 "Column of a runtime error") and which bytes of the source it covers (`start`, `end`). An expression
 * in parentheses covers them too: `first`, `start` and `end` include them, `pos` does not change.
 *
 * Depth. Two shapes are as deep as the source is long (up to about 500,000 levels in a file of RF_SOURCE_MAX bytes), so
 * a pass must walk them with a loop or a stack of its own, never by recursion on the C stack:
 *  - the left spine of an expression: BINARY AND OR COALESCE PIPE by `left`, RANGE by `low`, CALL by `callee`, METHOD
 *    MEMBER INDEX by `object`, TRY by `operand` (in any mixture: a + b.c()[0] + d ...);
 *  - "else if" chains: IF by its `otherwise` block of one IF statement.
 * All other nesting is bounded: 256 levels of brackets, unary operators, lambdas, literals, arguments and
 * interpolations in each other, 9 levels of operator precedence within one of them, and 128 blocks. Patterns count as
 * expressions. */
#ifndef RF_FRONT_AST_H
#define RF_FRONT_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "front/diag.h"

typedef struct RfExpr RfExpr;
typedef struct RfStmt RfStmt;
typedef struct RfPattern RfPattern;
typedef struct RfFuncNode RfFuncNode;

/* Text in the arena, NUL-terminated, length given because strings may hold NULs. */
typedef struct RfText {
    const char *bytes;
    uint32_t len;
} RfText;

typedef struct RfName { /* an identifier with its place */
    RfText text;
    RfPos pos;
    uint32_t start, end;
} RfName;

typedef struct RfBlock {
    RfStmt **stmts;
    uint32_t count;
    uint32_t start, end; /* from '{' to after '}' (0,0 for expression bodies; of an "else if": the inner IF) */
} RfBlock;

/* clang-format off */
typedef enum RfExprKind {
    RF_EXPR_INT, RF_EXPR_FLOAT, RF_EXPR_STRING, RF_EXPR_INTERP, RF_EXPR_BOOL, RF_EXPR_NULL, RF_EXPR_NONE,
    RF_EXPR_SELF, RF_EXPR_NAME,
    RF_EXPR_VARIANT,  /* Ok(e) Err(e) Some(e), also written Result::Ok(e) ... when the count is right */
    RF_EXPR_ENUM,     /* A::B, A::B(args) */
    RF_EXPR_STRUCT,   /* P { a: 1 } */
    RF_EXPR_THROW,
    RF_EXPR_ARRAY, RF_EXPR_DICT,
    RF_EXPR_FUNC,     /* func (..) {..} */
    RF_EXPR_YIELD, RF_EXPR_SPAWN,
    RF_EXPR_UNARY, RF_EXPR_AWAIT,
    RF_EXPR_BINARY,   /* arithmetic, comparison, equality */
    RF_EXPR_AND, RF_EXPR_OR, RF_EXPR_COALESCE, RF_EXPR_PIPE,
    RF_EXPR_RANGE,
    RF_EXPR_CALL,
    RF_EXPR_METHOD,   /* x.name(args), x?.name(args) */
    RF_EXPR_MEMBER,   /* x.name, x?.name */
    RF_EXPR_INDEX,
    RF_EXPR_TRY       /* e? */
} RfExprKind;
/* clang-format on */

/* clang-format off */
typedef enum RfBinOp {
    RF_BIN_ADD, RF_BIN_SUB, RF_BIN_MUL, RF_BIN_DIV, RF_BIN_MOD,
    RF_BIN_EQ, RF_BIN_NE, RF_BIN_LT, RF_BIN_GT, RF_BIN_LE, RF_BIN_GE
} RfBinOp;
/* clang-format on */

typedef struct RfExprList {
    RfExpr **items;
    uint32_t count;
} RfExprList;

typedef struct RfInterpPart { /* exactly one of the two is used */
    RfText text;
    RfExpr *expr; /* NULL for a text part */
} RfInterpPart;

typedef struct RfElement { /* of an array literal */
    RfExpr *value;
    bool spread;
    RfPos spread_pos; /* of the "..." */
} RfElement;

typedef struct RfDictPair {
    RfExpr *key; /* NULL for a spread */
    RfExpr *value;
    RfPos pos; /* of the key, or of the "..." */
} RfDictPair;

typedef struct RfFieldInit {
    RfName name;
    RfExpr *value;
} RfFieldInit;

/* clang-format off */
struct RfExpr {
    RfExprKind kind;
    bool parenthesized; /* written in ( ) */
    RfPos pos;          /* place of an error in it: operator, called name, '[', field name, keyword, name */
    RfPos first;        /* place of its first token */
    uint32_t start, end;
    union {
        int64_t i;
        double f;
        bool b;
        RfText text; /* STRING, NAME */
        struct { RfInterpPart *parts; uint32_t count; } interp;
        struct { int which; RfExpr *value; } variant;               /* which: 0 Ok, 1 Err, 2 Some */
        struct { RfName enum_name, variant; RfExprList args; bool has_parens; } enum_value;
        struct { RfName name; RfFieldInit *fields; uint32_t count; } strct;
        struct { RfElement *items; uint32_t count; } array;
        struct { RfDictPair *items; uint32_t count; } dict;
        RfFuncNode *func;
        RfExprList args;                                             /* THROW */
        RfExpr *operand;                                             /* YIELD (may be NULL), AWAIT, TRY */
        struct { RfBlock body; } spawn;
        struct { char op; RfExpr *operand; } unary;                  /* '-' or '!' */
        struct { RfBinOp op; RfExpr *left, *right; } binary;         /* AND OR COALESCE PIPE use left/right too */
        struct { RfExpr *low, *high; bool inclusive; } range;
        struct { RfExpr *callee; RfExprList args; } call;
        struct { RfExpr *object; RfName name; RfExprList args; bool optional; } method;
        struct { RfExpr *object; RfName name; bool optional; } member;
        struct { RfExpr *object, *index; } index;
    } as;
};
/* clang-format on */

typedef struct RfParam {
    RfName name;
    RfExpr *default_value; /* NULL when required */
    bool is_self;
} RfParam;

struct RfFuncNode {
    RfName name; /* len 0 for a lambda */
    RfParam *params;
    uint32_t param_count;
    bool is_async, is_generator;
    bool is_expression; /* "=> e": body has one RETURN statement */
    RfBlock body;
    RfPos pos; /* of "func" */
    uint32_t start, end;
};

typedef enum RfPatternKind { RF_PAT_NAME, RF_PAT_IGNORE, RF_PAT_ARRAY, RF_PAT_DICT } RfPatternKind;
struct RfPattern {
    RfPatternKind kind;
    RfPos pos;
    uint32_t start, end;
    RfName name;       /* NAME */
    RfPattern **items; /* ARRAY: sub-patterns; DICT: NAME patterns (IGNORE for "_", whose name is given too) */
    uint32_t count;
    bool has_rest;
    RfName rest;
};

/* clang-format off */
typedef enum RfStmtKind {
    RF_STMT_EXPR, RF_STMT_LET, RF_STMT_ASSIGN, RF_STMT_DESTRUCTURE, RF_STMT_COMPOUND,
    RF_STMT_FUNC, RF_STMT_STRUCT, RF_STMT_ENUM, RF_STMT_IMPORT, RF_STMT_FROM,
    RF_STMT_RETURN, RF_STMT_IF, RF_STMT_MATCH, RF_STMT_WHILE, RF_STMT_FOR, RF_STMT_BREAK, RF_STMT_CONTINUE,
    RF_STMT_TRY, RF_STMT_TEST, RF_STMT_TEST_SETUP, RF_STMT_TEST_TEARDOWN, RF_STMT_TEST_GROUP
} RfStmtKind;
/* clang-format on */

typedef enum RfBindKind { RF_BIND_LET, RF_BIND_MUT, RF_BIND_CONST } RfBindKind;

typedef struct RfField { /* of a struct declaration */
    RfName name;
    RfExpr *default_value; /* or NULL */
} RfField;

/* clang-format off */
typedef enum RfCaseKind {
    RF_CASE_ANY,      /* _ */
    RF_CASE_INT, RF_CASE_FLOAT, RF_CASE_STRING, RF_CASE_BOOL, RF_CASE_NULL,
    RF_CASE_VARIANT,  /* Ok Err Some None: `which` 0..3, at most one binder */
    RF_CASE_ENUM,     /* A::B with binders */
    RF_CASE_WORD      /* any other identifier; binders, if written, are kept */
} RfCaseKind;
/* clang-format on */

typedef struct RfArm {
    bool is_default;
    RfCaseKind kind;
    RfPos pos;
    int64_t i;
    double f;
    bool b;
    RfText text; /* STRING, WORD */
    int which;   /* VARIANT: 0 Ok, 1 Err, 2 Some, 3 None */
    RfName enum_name, variant;
    RfName *binders; /* "_" ignores */
    uint32_t binder_count;
    bool has_parens; /* binders were written */
    RfExpr *guard;   /* or NULL */
    RfBlock body;
} RfArm;

typedef struct RfImportItem {
    RfName name;
    RfName alias; /* len 0 when none */
} RfImportItem;

/* clang-format off */
struct RfStmt {
    RfStmtKind kind;
    bool exported;
    RfPos pos; /* of the first token after any "export"; `start` includes it */
    uint32_t start, end;
    union {
        RfExpr *expr;                                                      /* EXPR; RETURN (may be NULL) */
        struct { RfBindKind kind; RfPattern *pattern; RfExpr *value; } let;
        struct { RfExpr *target, *value; } assign;                         /* target: NAME, MEMBER or INDEX path */
        struct { RfPattern *pattern; RfExpr *value; } destructure;
        struct { RfBinOp op; RfExpr *target, *value; RfPos op_pos; } compound;
        RfFuncNode *func;
        struct { RfName name; RfField *fields; uint32_t field_count; RfFuncNode **methods; uint32_t method_count; } strct;
        struct { RfName name; RfName *variants; uint32_t count; } enumeration;
        struct { RfName name; RfName alias; } import;
        struct { RfText path; RfImportItem *items; uint32_t count; } from; /* path with dots: "a.b.c" */
        struct { RfExpr *cond; RfBlock then; RfBlock otherwise; bool has_else; } if_; /* else if: one IF statement in otherwise */
        struct { RfExpr *subject; RfArm *arms; uint32_t count; } match;
        struct { RfExpr *cond; RfBlock body; } while_;                      /* cond NULL: loop */
        struct { RfName var, var2; RfExpr *iterable; RfBlock body; } for_;  /* var2.len 0 when there is one */
        struct { RfBlock body; bool has_except; RfName error_name; RfBlock handler; bool has_finally; RfBlock finally; } try_;
        struct { RfText name; RfBlock body; } test;                         /* TEST, TEST_GROUP; SETUP/TEARDOWN use body */
    } as;
};
/* clang-format on */

typedef struct RfAst {
    RfArena arena;
    RfBlock program;
    RfPos eof;
} RfAst;

#endif
