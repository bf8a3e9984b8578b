#include "refgw/tests/ike_pair.h"

#include <stdlib.h>
#include <string.h>

#include "refgw/crypto/openssl/openssl_provider.h"
#include "refgw/iana/ikev2_names.h"

enum { TEXT_SIZE = 200 };

static void add_keyword(struct policy_proposal *proposal, const struct transform_keyword *keyword)
{
    switch (keyword->type) {
    case IKE_TRANSFORM_ENCR:
        proposal->encryption[proposal->encryption_count] = (struct encryption_alternative){
            .encryption = (enum encryption_transform)keyword->number,
            .key_bits = (uint16_t)keyword->key_bits};
        proposal->encryption_count++;
        break;
    case IKE_TRANSFORM_INTEG:
        proposal->integrity[proposal->integrity_count] = (enum integrity_transform)keyword->number;
        proposal->integrity_count++;
        break;
    case IKE_TRANSFORM_PRF:
        proposal->prf[proposal->prf_count] = (enum prf_transform)keyword->number;
        proposal->prf_count++;
        break;
    case IKE_TRANSFORM_KE:
        proposal->key_exchange[proposal->key_exchange_count] =
            (enum key_exchange_method)keyword->number;
        proposal->key_exchange_count++;
        break;
    case IKE_TRANSFORM_SN:
        proposal->sequence[proposal->sequence_count] =
            (enum sequence_number_transform)keyword->number;
        proposal->sequence_count++;
        break;
    default:
        abort();
    }
}

static void parse_proposal(char *text, struct policy_proposal *proposal)
{
    char *rest = NULL;
    *proposal = (struct policy_proposal){.encryption_count = 0};
    for (char *word = strtok_r(text, "- ", &rest); word != NULL;
         word = strtok_r(NULL, "- ", &rest)) {
        const struct transform_keyword *keyword = transform_keyword_find(word);
        if (keyword == NULL) {
            abort();
        }
        add_keyword(proposal, keyword);
    }
}

static size_t parse_proposals(const char *text, struct policy_proposal *proposals)
{
    char copy[TEXT_SIZE];
    char *rest = NULL;
    size_t count = 0;
    if (strlen(text) >= sizeof(copy)) {
        abort();
    }
    memcpy(copy, text, strlen(text) + 1);
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        parse_proposal(part, &proposals[count]);
        count++;
    }
    return count;
}

void ike_pair_set_ike(struct ike_pair *pair, unsigned host, const char *text)
{
    struct policy_connection *connection = ike_pair_connection(pair, host);
    connection->proposal_count = parse_proposals(text, connection->proposals);
}

void ike_pair_set_esp(struct ike_pair *pair, unsigned host, const char *text)
{
    struct policy_child *child = ike_pair_child(pair, host);
    child->proposal_count = parse_proposals(text, child->proposals);
}

void ike_pair_set_selectors(struct selector_set *set, const char *text)
{
    char copy[TEXT_SIZE];
    char *rest = NULL;
    memcpy(copy, text, strlen(text) + 1);
    set->count = 0;
    for (char *part = strtok_r(copy, ",", &rest); part != NULL; part = strtok_r(NULL, ",", &rest)) {
        while (*part == ' ') {
            part++;
        }
        if (!selector_parse(part, &set->items[set->count])) {
            abort();
        }
        set->count++;
    }
}

void ike_pair_set_identity(struct policy_identity *identity, const char *name)
{
    *identity = (struct policy_identity){.type = ID_FQDN, .size = strlen(name)};
    memcpy(identity->data, name, identity->size);
}

struct policy_connection *ike_pair_connection(struct ike_pair *pair, unsigned host)
{
    return &pair->policies[host].connections[0];
}

struct policy_child *ike_pair_child(struct ike_pair *pair, unsigned host)
{
    return &pair->policies[host].connections[0].children[0];
}

static void make_policy(struct ike_pair *pair, unsigned host)
{
    static const char *const NAMES[] = {"west.example.test", "east.example.test"};
    static const char *const LANS[] = {"203.0.113.0/26", "203.0.113.64/26"};
    static const uint8_t KEY[] = "a pre-shared key for tests";
    const unsigned other = host == WEST ? EAST : WEST;
    struct ike_policy *policy = &pair->policies[host];

    ike_policy_init(policy);
    policy->connections = calloc(1, sizeof(*policy->connections));
    struct policy_connection *connection = policy->connections;
    if (connection == NULL || !secret_set(&connection->psk, VIEW_OF(KEY))) {
        abort();
    }
    policy->connection_count = 1;
    memcpy(connection->name, "tunnel", sizeof("tunnel"));
    connection->local_address = pair->network.addresses[host];
    connection->remote_address = pair->network.addresses[other];
    connection->remote_port = IKE_PORT;
    ike_pair_set_identity(&connection->local_identity, NAMES[host]);
    ike_pair_set_identity(&connection->remote_identity, NAMES[other]);
    connection->children = calloc(1, sizeof(*connection->children));
    if (connection->children == NULL) {
        abort();
    }
    connection->child_count = 1;
    memcpy(connection->children[0].name, "net", sizeof("net"));
    connection->children[0].replay_window = 64;
    ike_pair_set_selectors(&connection->children[0].local_selectors, LANS[host]);
    ike_pair_set_selectors(&connection->children[0].remote_selectors, LANS[other]);
    ike_pair_set_ike(pair, host, "aes128gcm16-prfsha256-x25519");
    ike_pair_set_esp(pair, host, "aes128gcm16-noesn");
}

struct ike_pair *ike_pair_new(void)
{
    struct ike_pair *pair = calloc(1, sizeof(*pair));
    if (pair == NULL) {
        abort();
    }
    simulated_network_init(&pair->network, "192.0.2.1", "198.51.100.1");
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        make_policy(pair, host);
        deterministic_random_init(&pair->random[host], 1000 + host);
    }
    return pair;
}

void ike_pair_free(struct ike_pair *pair)
{
    simulated_network_clear(&pair->network);
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        ike_policy_clear(&pair->policies[host]);
    }
    free(pair);
}

void ike_pair_start(struct ike_pair *pair)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        const struct ike_engine_setup setup = {
            .policy = &pair->policies[host],
            .crypto = openssl_provider(),
            .randomness = deterministic_random_source(&pair->random[host]),
            .hook = pair->hooks[host],
        };
        pair->network.hosts[host].engine = ike_engine_new(&setup);
        if (pair->network.hosts[host].engine == NULL) {
            abort();
        }
    }
}

bool ike_pair_command(struct ike_pair *pair, unsigned host, enum ike_command_kind kind,
                      const char *child)
{
    const struct ike_command command = {.kind = kind, .connection = "tunnel", .child = child};
    char problem[TEXT_SIZE];
    const bool is_taken = ike_engine_command(pair->network.hosts[host].engine, pair->network.now,
                                             &command, problem, sizeof(problem));
    simulated_network_drain(&pair->network, host);
    return is_taken;
}

void ike_pair_bring_up(struct ike_pair *pair)
{
    if (ike_pair_command(pair, WEST, IKE_COMMAND_UP, "")) {
        ike_pair_run(pair, 5);
    }
}

void ike_pair_run(struct ike_pair *pair, unsigned seconds)
{
    simulated_network_run(&pair->network, duration_seconds(seconds));
}

struct state_count {
    const char *state;
    size_t count;
};

static void count_one(void *context, const struct ike_sa_status *status)
{
    struct state_count *count = context;
    if (count->state == NULL || strcmp(status->state, count->state) == 0) {
        count->count++;
    }
}

size_t ike_pair_count(const struct ike_pair *pair, unsigned host, const char *state)
{
    struct state_count count = {.state = state};
    ike_engine_visit(pair->network.hosts[host].engine, count_one, &count);
    return count.count;
}

bool ike_pair_is_up(const struct ike_pair *pair)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        if (ike_pair_count(pair, host, NULL) != 1 ||
            ike_pair_count(pair, host, "established") != 1 ||
            pair->network.hosts[host].child_count != 1 || pair->network.hosts[host].faults != 0) {
            return false;
        }
    }
    return simulated_network_children_pair_up(&pair->network);
}

bool ike_pair_is_down(const struct ike_pair *pair)
{
    for (unsigned host = 0; host < NETWORK_HOSTS; host++) {
        if (ike_pair_count(pair, host, NULL) != 0 || pair->network.hosts[host].child_count != 0 ||
            pair->network.hosts[host].faults != 0) {
            return false;
        }
    }
    return true;
}

size_t ike_pair_reports(const struct ike_pair *pair, unsigned host, enum ike_report_kind kind,
                        const char *reason)
{
    return simulated_host_reports(&pair->network.hosts[host], kind, reason);
}

struct first_status {
    bool is_there;
    struct ike_sa_status *status;
};

static void keep_first(void *context, const struct ike_sa_status *status)
{
    struct first_status *first = context;
    if (!first->is_there) {
        *first->status = *status;
        first->status->children = NULL; // lives only during the visit
        first->is_there = true;
    }
}

bool ike_pair_status(const struct ike_pair *pair, unsigned host, struct ike_sa_status *out)
{
    struct first_status first = {.status = out};
    ike_engine_visit(pair->network.hosts[host].engine, keep_first, &first);
    return first.is_there;
}
