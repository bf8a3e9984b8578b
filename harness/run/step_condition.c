// Whether the condition of a step holds for what was observed.
#include "harness/run/steps.h"

static bool term_holds(const struct step_term *term, uint64_t value)
{
    switch (term->comparison) {
    case STEP_EQUAL:
        return value == term->value;
    case STEP_AT_LEAST:
        return value >= term->value;
    case STEP_AT_MOST:
        return value <= term->value;
    }
    return false;
}

static uint64_t observed_value(const struct step_observation *observed, enum step_subject subject)
{
    switch (subject) {
    case STEP_IKE_COUNT:
        return observed->ike_count;
    case STEP_CHILD_COUNT:
        return observed->child_count;
    case STEP_IKE_GENERATION:
        return observed->ike_generation;
    case STEP_CHILD_GENERATION:
        return observed->child_generation;
    case STEP_RECEIVED:
        return observed->received;
    }
    return 0;
}

bool step_condition_holds(const struct step_condition *condition,
                          const struct step_observation *observed)
{
    for (size_t i = 0; i < condition->term_count; i++) {
        const struct step_term *term = &condition->terms[i];
        if (!term_holds(term, observed_value(observed, term->subject))) {
            return false;
        }
    }
    return true;
}

bool step_condition_wants_traffic(const struct step_condition *condition)
{
    for (size_t i = 0; i < condition->term_count; i++) {
        if (condition->terms[i].subject == STEP_RECEIVED) {
            return true;
        }
    }
    return false;
}

bool step_condition_wants_status(const struct step_condition *condition)
{
    for (size_t i = 0; i < condition->term_count; i++) {
        if (condition->terms[i].subject != STEP_RECEIVED) {
            return true;
        }
    }
    return false;
}
