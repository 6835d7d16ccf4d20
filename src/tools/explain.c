/* The explanations as a table, and the search in it. */
#include "tools/explain.h"

#include <strings.h>

#include "base/distance.h"

const RfExplanation rf_explanations[] = {
#define EXPLAIN(code, title, text, wrong, right, see, advice) {code, title, text, wrong, right, see, advice},
#include "tools/explain.def"
#undef EXPLAIN
};
const size_t rf_explanation_count = sizeof rf_explanations / sizeof rf_explanations[0];

const RfExplanation *rf_explain_find(const char *code)
{
    for (size_t i = 0; i < rf_explanation_count; i++) {
        if (strcasecmp(rf_explanations[i].code, code) == 0) {
            return &rf_explanations[i];
        }
    }
    return NULL;
}

const char *rf_explain_near(const char *code)
{
    const char *best = NULL;
    size_t best_distance = 4;
    for (size_t i = 0; i < rf_explanation_count; i++) {
        size_t distance = rf_distance_text(code, rf_explanations[i].code);
        if (distance < best_distance) {
            best = rf_explanations[i].code;
            best_distance = distance;
        }
    }
    return best;
}
