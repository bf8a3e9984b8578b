#include "harness/peer/intent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/tap/tap.h"

enum { TEXT_SIZE = 2048 };

static const char base_lines[] = "ike aes128gcm16-prfsha256-x25519\n"
                                 "esp aes128gcm16\n"
                                 "auth psk\n"
                                 "id west fqdn west.example.test\n"
                                 "id east fqdn east.example.test\n"
                                 "ts west-lan === east-lan\n"
                                 "life child 1h ike 4h\n"
                                 "dpd off\n";

static bool read_text(const char *text, const struct scenario_topology *topology,
                      const struct intent_words *words, struct intent *out_intent,
                      struct block_fault *out_fault)
{
    struct block_document *document = block_document_parse(
        (struct byte_view){.data = (const uint8_t *)text, .size = strlen(text)}, out_fault);
    if (document == NULL) {
        return false;
    }
    const bool is_read = intent_read(block_document_root(document)->statements, topology, words,
                                     "generated", out_intent, out_fault);
    block_document_free(document);
    return is_read;
}

// Reads the usual lines with some more after them.
static bool read_with(const char *more, const struct scenario_topology *topology,
                      struct intent *out_intent)
{
    char text[TEXT_SIZE];
    struct block_fault fault = {0};
    (void)snprintf(text, sizeof(text), "intent tunnel {\n%s%s\n}\n", base_lines, more);
    const bool is_read = read_text(text, topology, NULL, out_intent, &fault);
    if (!is_read) {
        note("line %u: %s", fault.line, fault.message);
    }
    return is_read;
}

static void rejects(const char *line, const char *message)
{
    char text[TEXT_SIZE];
    const struct scenario_topology topology = {0};
    struct block_fault fault = {0};
    struct intent *intent = calloc(1, sizeof(*intent));
    if (intent == NULL) {
        return;
    }
    (void)snprintf(intent->connection, sizeof(intent->connection), "untouched");
    (void)snprintf(text, sizeof(text), "intent tunnel {\n%s\n%s}\n", line, base_lines);
    const bool is_read = read_text(text, &topology, NULL, intent, &fault);
    if (!ok(!is_read && fault.line == 2 && strcmp(fault.message, message) == 0 &&
                strcmp(intent->connection, "untouched") == 0,
            "'%s': %s", line, message)) {
        note("got line %u: %s", fault.line, fault.message);
    }
    free(intent);
}

static bool is_proposal(const struct intent_proposal *proposal, const char *first,
                        const char *second, const char *third)
{
    const char *const words[] = {first, second, third};
    size_t count = 0;
    for (size_t i = 0; i < 3 && words[i] != NULL; i++) {
        if (strcmp(proposal->words[i], words[i]) != 0) {
            return false;
        }
        count++;
    }
    return proposal->count == count;
}

static void reads_the_base_tunnel(struct intent *intent)
{
    const struct scenario_topology topology = {0};
    const bool is_read = read_with("", &topology, intent);
    const struct intent_side *west = &intent->sides[SIDE_WEST];
    const struct intent_side *east = &intent->sides[SIDE_EAST];
    ok(is_read && strcmp(intent->connection, "tunnel") == 0 && strcmp(intent->child, "net") == 0,
       "names");
    ok(west->ike.count == 1 &&
           is_proposal(&west->ike.proposals[0], "aes128gcm16", "prfsha256", "x25519") &&
           is_proposal(&east->ike.proposals[0], "aes128gcm16", "prfsha256", "x25519"),
       "the IKE proposal on both sides");
    ok(is_proposal(&west->esp.proposals[0], "aes128gcm16", NULL, NULL) && !intent->has_pfs,
       "the ESP proposal");
    ok(strcmp(west->psk, "generated") == 0 && strcmp(east->psk, "generated") == 0,
       "the cell's secret where the scenario names none");
    ok(west->identity_kind == INTENT_IDENTITY_FQDN &&
           strcmp(west->identity, "west.example.test") == 0 &&
           strcmp(east->identity, "east.example.test") == 0,
       "identities");
    ok(west->selector_count == 1 && strcmp(west->selectors[0], "203.0.113.0/26") == 0 &&
           east->selector_count == 1 && strcmp(east->selectors[0], "203.0.113.64/26") == 0,
       "selectors of the two networks");
    ok(intent->child_life_ms == 3600000 && intent->ike_life_ms == 14400000 &&
           intent->sides[SIDE_EAST].dpd_ms == 0,
       "lifetimes");
    ok(strcmp(west->address, "192.0.2.1") == 0 && strcmp(west->world, "192.0.2.1") == 0 &&
           strcmp(east->address, "198.51.100.1") == 0,
       "addresses without NAT");
}

static void places_sides_behind_nats(struct intent *intent)
{
    const struct scenario_topology both = {.west_nat = true, .east_nat = true};
    const struct intent_side *west = &intent->sides[SIDE_WEST];
    const struct intent_side *east = &intent->sides[SIDE_EAST];
    ok(read_with("", &both, intent) && strcmp(west->address, "203.0.113.129") == 0 &&
           strcmp(west->world, "192.0.2.1") == 0 && strcmp(east->address, "203.0.113.193") == 0 &&
           strcmp(east->world, "198.51.100.1") == 0,
       "behind a NAT a side has another address than the world sees");
    ok(read_with("over ipv6\n", &both, intent) && intent->is_over_ipv6 &&
           strcmp(west->address, "2001:db8:a1::1") == 0 &&
           strcmp(east->world, "2001:db8:b::1") == 0,
       "IPv6 outside");
}

static void lets_one_side_differ(struct intent *intent)
{
    const struct scenario_topology topology = {0};
    const struct intent_side *west = &intent->sides[SIDE_WEST];
    const struct intent_side *east = &intent->sides[SIDE_EAST];
    ok(read_with("ike east aes256gcm16-prfsha384-ecp384\nesp west aes256gcm16\n", &topology,
                 intent) &&
           is_proposal(&west->ike.proposals[0], "aes128gcm16", "prfsha256", "x25519") &&
           is_proposal(&east->ike.proposals[0], "aes256gcm16", "prfsha384", "ecp384") &&
           is_proposal(&west->esp.proposals[0], "aes256gcm16", NULL, NULL) &&
           is_proposal(&east->esp.proposals[0], "aes128gcm16", NULL, NULL),
       "proposals of one side");
    ok(read_with("psk east \"different\"\n", &topology, intent) &&
           strcmp(west->psk, "generated") == 0 && strcmp(east->psk, "different") == 0,
       "another secret on one side");
    ok(read_with("auth psk \"same for both\"\n", &topology, intent) &&
           strcmp(west->psk, "same for both") == 0 && strcmp(east->psk, "same for both") == 0,
       "a secret of the scenario");
}

static void reads_the_other_words(struct intent *intent)
{
    const struct scenario_topology topology = {0};
    const struct intent_side *west = &intent->sides[SIDE_WEST];
    ok(read_with("ike aes256-sha256-prfsha256 | aes128-modp2048\n", &topology, intent) &&
           west->ike.count == 2 && is_proposal(&west->ike.proposals[1], "aes128", "modp2048", NULL),
       "several proposals");
    ok(read_with("esp aes128gcm16 | aes256gcm16 pfs x25519\n", &topology, intent) &&
           intent->has_pfs && west->esp.count == 2 &&
           is_proposal(&west->esp.proposals[0], "aes128gcm16", "x25519", NULL) &&
           is_proposal(&west->esp.proposals[1], "aes256gcm16", "x25519", NULL),
       "perfect forward secrecy adds the group to each proposal");
    ok(read_with("esp aes128gcm16 pfs on:x25519\n", &topology, intent) && intent->has_pfs &&
           read_with("esp aes128gcm16 pfs off:x25519\n", &topology, intent) && !intent->has_pfs,
       "on:GROUP and off:GROUP, for an axis of vary");
    ok(read_with("ts 203.0.113.0/28 west-lan6 === east-lan 2001:db8:2::/64\n", &topology, intent) &&
           west->selector_count == 2 && strcmp(west->selectors[0], "203.0.113.0/28") == 0 &&
           strcmp(west->selectors[1], "2001:db8:1::/64") == 0,
       "several selectors");
    ok(read_with("dpd 10s\n", &topology, intent) && intent->sides[SIDE_WEST].dpd_ms == 10000 &&
           intent->sides[SIDE_EAST].dpd_ms == 10000,
       "liveness checks");
    ok(read_with("dpd off\ndpd east 2s\n", &topology, intent) &&
           intent->sides[SIDE_WEST].dpd_ms == 0 && intent->sides[SIDE_EAST].dpd_ms == 2000,
       "liveness checks from one side only");
}

static bool resolve_pfs(void *context, const char *word, char out_text[SCENARIO_WORD_SIZE])
{
    const char *value = strcmp(word, "$suite") == 0 ? context : word;
    (void)snprintf(out_text, SCENARIO_WORD_SIZE, "%s", value);
    return strcmp(word, "$nobody") != 0;
}

static bool applies_unless_if(void *context, const struct block_statement *line, size_t *out_words)
{
    (void)context;
    *out_words = line->count;
    for (size_t i = 0; i < line->count; i++) {
        if (strcmp(statement_word(line, i), "if") == 0) {
            *out_words = i;
            return false;
        }
    }
    return true;
}

static void replaces_axes(struct intent *intent)
{
    char text[TEXT_SIZE];
    char suite[] = "aes256gcm16-prfsha384-ecp384";
    const struct scenario_topology topology = {0};
    const struct intent_words words = {
        .context = suite, .resolve = resolve_pfs, .applies = applies_unless_if};
    struct block_fault fault = {0};
    (void)snprintf(text, sizeof(text),
                   "intent tunnel {\n%sike $suite\nesp aes256gcm16 if never\n}\n", base_lines);
    ok(read_text(text, &topology, &words, intent, &fault) &&
           is_proposal(&intent->sides[0].ike.proposals[0], "aes256gcm16", "prfsha384", "ecp384"),
       "words are replaced before they are read");
    ok(is_proposal(&intent->sides[0].esp.proposals[0], "aes128gcm16", NULL, NULL),
       "a line whose condition is false does not count");
    (void)snprintf(text, sizeof(text), "intent tunnel {\nike $nobody\n%s}\n", base_lines);
    ok(!read_text(text, &topology, &words, intent, &fault) && fault.line == 2 &&
           strcmp(fault.message, "'$nobody' names no axis of vary, or is too long") == 0,
       "a word that cannot be replaced is told");
}

static void rejects_wrong_lines(void)
{
    rejects("suite aes",
            "unknown word 'suite'; allowed are ike, esp, auth, psk, id, ts, life, dpd, over");
    rejects("ike aes128gcm16-prfsha257", "unknown algorithm 'prfsha257'");
    rejects("ike aes128gcm16--x25519", "unknown algorithm ''");
    rejects("ike", "a proposal is missing");
    rejects("ike east", "a proposal is missing");
    rejects("ike aes128gcm16 |", "a proposal is missing");
    rejects("ike aes128gcm16 aes256gcm16", "proposals are separated by '|', found 'aes256gcm16'");
    rejects("ike | aes128gcm16", "proposals are separated by '|', found '|'");
    rejects("ike aes128-aes128-aes128-aes128-aes128-aes128-aes128-aes128-aes128",
            "more than 8 algorithms in one proposal");
    rejects("esp aes128gcm16 pfs sha256", "pfs takes a group or 'off', not 'sha256'");
    rejects("esp pfs x25519", "a proposal is missing");
    rejects("auth certificate", "authentication is 'auth psk' or 'auth psk \"SECRET\"'");
    rejects("psk east", "another secret on one side is 'psk west|east \"SECRET\"'");
    rejects("psk north x", "another secret on one side is 'psk west|east \"SECRET\"'");
    rejects("id west fqdn", "an identity is 'id west|east fqdn|address|email VALUE'");
    rejects("id west dn x", "unknown identity 'dn'; allowed are fqdn, address, email");
    rejects("ts west-lan", "selectors are 'ts WEST... === EAST...'");
    rejects("ts === east-lan", "selectors are 'ts WEST... === EAST...'");
    rejects("ts west-wan === east-lan",
            "'west-wan' is neither west-lan, east-lan, west-lan6, east-lan6 nor a prefix");
    rejects("ts 203.0.113.1/26 === east-lan",
            "'203.0.113.1/26' is neither west-lan, east-lan, west-lan6, east-lan6 nor a prefix");
    rejects("life child", "lifetimes are 'life child 1h ike 4h'");
    rejects("life esp 1h", "unknown lifetime 'esp'; allowed are child, ike");
    rejects("life child soon", "'soon' is not a duration such as 1h");
    rejects("dpd sometimes", "liveness checks are 'dpd off', 'dpd 10s' or 'dpd west|east 10s'");
    rejects("over ipv5", "the outer family is 'over ipv4' or 'over ipv6'");
    rejects("dpd { 10s }", "a line of the intent has words only, at most 64");
}

static void rejects_incomplete_intents(struct intent *intent)
{
    static const char *const texts[] = {
        "intent tunnel {\nesp aes128gcm16\nts west-lan === east-lan\n}\n",
        "intent tunnel {\nike aes128gcm16\nts west-lan === east-lan\n}\n",
        "intent tunnel {\nike aes128gcm16\nesp aes128gcm16\n}\n",
        "intent {\n}\n",
    };
    static const char *const messages[] = {
        "the intent has no line 'ike'",
        "the intent has no line 'esp'",
        "the intent has no line 'ts'",
        "an intent is 'intent NAME { ... }'",
    };
    const struct scenario_topology topology = {0};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct block_fault fault = {0};
        ok(!read_text(texts[i], &topology, NULL, intent, &fault) && fault.line == 1 &&
               strcmp(fault.message, messages[i]) == 0,
           "%s", messages[i]);
    }
}

static void makes_a_secret_per_cell(void)
{
    char first[INTENT_PSK_SIZE];
    char again[INTENT_PSK_SIZE];
    char other[INTENT_PSK_SIZE];
    intent_cell_psk("basic/psk-tunnel:west=a@1,east=b@1", first);
    intent_cell_psk("basic/psk-tunnel:west=a@1,east=b@1", again);
    intent_cell_psk("basic/psk-tunnel:west=b@1,east=a@1", other);
    ok(strcmp(first, again) == 0 && strcmp(first, other) != 0 &&
           strncmp(first, "ikelab-", 7) == 0 && strlen(first) == 7 + 16,
       "the same for one cell, another for the next: %s", first);
}

static void reads_the_scenario_of_the_tree(struct intent *intent)
{
    struct block_fault fault = {0};
    struct scenario scenario;
    if (!ok(scenario_load("scenarios/basic/psk-tunnel.scn", "basic/psk-tunnel", &scenario, &fault),
            "basic/psk-tunnel loads")) {
        return;
    }
    const struct scenario_variant variant = scenario_variant_at(&scenario, 0);
    ok(intent_from_scenario(&scenario, &variant, "p", intent, &fault) &&
           strcmp(intent->sides[SIDE_EAST].selectors[0], "203.0.113.64/26") == 0,
       "and its intent is read");
    scenario_clear(&scenario);
}

int main(void)
{
    struct intent *intent = calloc(1, sizeof(*intent));
    if (intent == NULL) {
        return 1;
    }
    reads_the_base_tunnel(intent);
    places_sides_behind_nats(intent);
    lets_one_side_differ(intent);
    reads_the_other_words(intent);
    replaces_axes(intent);
    rejects_wrong_lines();
    rejects_incomplete_intents(intent);
    makes_a_secret_per_cell();
    reads_the_scenario_of_the_tree(intent);
    free(intent);
    return done_testing();
}
