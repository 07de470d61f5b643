#include <stdlib.h>

#include "base/mem.h"
#include "tests/support/lab.h"
#include "tests/support/suite.h"
#include "tvs/answer.h"

/* A TVS that knows two certificates, and one that it does not. */
struct scene {
	struct cert *signer, *useless, *stranger;
	struct tvs_view *view;
	struct tvs_request request;
	struct tvs_response response;
	struct tvs_reason why;
};

static struct scene
scene_new(void)
{
	struct scene s = { .signer = lab_cert("CallManager", "cucm-pub", 0),
		.useless = lab_cert("CallManager", "useless", 1),
		.stranger = lab_cert("CallManager", "stranger", 2) };
	struct tvs_place places[] = {
		{ .cert = cert_copy(s.signer), .kind = lab_kind("Phone-SAST-trust"), .id = 1 },
		{ .cert = cert_copy(s.useless), .kind = lab_kind("CallManager-trust"), .id = 2 },
	};

	s.view = tvs_view_of(places, 2, 86400);
	return s;
}

static void
scene_free(struct scene *s)
{
	tvs_reason_free(&s->why);
	tvs_view_free(s->view);
	cert_free(s->signer);
	cert_free(s->useless);
	cert_free(s->stranger);
}

static void
ask_verify(struct scene *s, struct bytes certificate)
{
	tvs_reason_free(&s->why);
	s->request = (struct tvs_request){ .command = TVS_VERIFY_REQUEST,
		.session = 1001,
		.device = "SEP001122334455",
		.certificate = certificate };
	tvs_answer(s->view, &s->request, &s->response, &s->why);
}

static void
ask_query(struct scene *s, const struct cert *c, const char *subject)
{
	tvs_reason_free(&s->why);
	s->request = (struct tvs_request){ .command = TVS_QUERY_REQUEST,
		.session = 1002,
		.device = "SEP001122334455",
		.subject = bytes_of(subject),
		.issuer = bytes_of(cert_issuer(c, CERT_CISCO)),
		.serial = cert_serial(c) };
	tvs_answer(s->view, &s->request, &s->response, &s->why);
}

/* The response is a "no" and nothing else, and the reason is this one. */
static bool
is_no(const struct scene *s, enum tvs_ground ground, const char *words)
{
	const struct tvs_response *r = &s->response;
	char text[400];

	tvs_reason_text(&s->why, text, sizeof(text));
	if (strcmp(text, words) != 0)
		fprintf(stderr, "\n    %s\n", text);
	return r->status == TVS_NOT_TRUSTED && r->certificate.n == 0 && r->roles.n == 0 &&
	       r->ttl == 0 && s->why.ground == ground && strcmp(text, words) == 0;
}

static void
a_known_certificate_is_verified(void)
{
	struct scene s = scene_new();
	char text[400];

	ask_verify(&s, cert_der(s.signer));
	CU_ASSERT_EQUAL(s.response.command, TVS_VERIFY_RESPONSE);
	CU_ASSERT_EQUAL(s.response.session, 1001);
	CU_ASSERT_EQUAL(s.response.status, TVS_TRUSTED);
	CU_ASSERT(bytes_eq(s.response.roles, bytes_over("\0\3", 2)));
	CU_ASSERT_EQUAL(s.response.ttl, 86400);
	CU_ASSERT_EQUAL(s.response.certificate.n, 0);
	CU_ASSERT_EQUAL(s.why.ground, TVS_HELD);
	CU_ASSERT(cert_eq(s.why.found->cert, s.signer));
	tvs_reason_text(&s.why, text, sizeof(text));
	CU_ASSERT_STRING_EQUAL(text, "in Phone-SAST-trust");
	scene_free(&s);
}

static void
a_known_certificate_is_given_to_whom_asks_by_name(void)
{
	struct scene s = scene_new();

	ask_query(&s, s.signer, cert_subject(s.signer, CERT_COMPAT));
	CU_ASSERT_EQUAL(s.response.command, TVS_QUERY_RESPONSE);
	CU_ASSERT_EQUAL(s.response.session, 1002);
	CU_ASSERT_EQUAL(s.response.status, TVS_TRUSTED);
	CU_ASSERT(bytes_eq(s.response.certificate, cert_der(s.signer)));
	CU_ASSERT(bytes_eq(s.response.roles, bytes_over("\0\3", 2)));
	CU_ASSERT_EQUAL(s.response.ttl, 86400);
	ask_query(&s, s.signer, "");
	CU_ASSERT(bytes_eq(s.response.certificate, cert_der(s.signer)));
	scene_free(&s);
}

/* So is CUCM's key: serial number and issuer. */
static void
a_subject_that_does_not_fit_changes_nothing(void)
{
	struct scene s = scene_new();

	ask_query(&s, s.signer, "CN=somebody else");
	CU_ASSERT(bytes_eq(s.response.certificate, cert_der(s.signer)));
	scene_free(&s);
}

static void
a_certificate_without_roles_is_known_all_the_same(void)
{
	struct scene s = scene_new();

	ask_verify(&s, cert_der(s.useless));
	CU_ASSERT_EQUAL(s.response.status, TVS_TRUSTED);
	CU_ASSERT_EQUAL(s.response.roles.n, 0);
	CU_ASSERT_EQUAL(s.response.ttl, 86400);
	ask_query(&s, s.useless, "");
	CU_ASSERT_EQUAL(s.response.status, TVS_TRUSTED);
	CU_ASSERT(bytes_eq(s.response.certificate, cert_der(s.useless)));
	scene_free(&s);
}

static void
an_unknown_certificate_is_not_trusted(void)
{
	struct scene s = scene_new();

	ask_verify(&s, cert_der(s.stranger));
	CU_ASSERT(is_no(&s, TVS_NOT_HELD, "in no store"));
	CU_ASSERT(s.why.sent != NULL && cert_eq(s.why.sent, s.stranger));
	CU_ASSERT_PTR_NULL(s.why.found);
	ask_query(&s, s.stranger, cert_subject(s.stranger, CERT_CISCO));
	CU_ASSERT(is_no(&s, TVS_NOT_HELD, "in no store"));
	scene_free(&s);
}

static void
an_imposter_is_not_trusted_and_told_apart(void)
{
	struct scene s = scene_new();
	struct cert *imposter = lab_imposter(s.signer, 3);

	ask_verify(&s, cert_der(imposter));
	CU_ASSERT(is_no(
	    &s, TVS_OTHER, "another one with its issuer and serial number is in Phone-SAST-trust"));
	CU_ASSERT(cert_eq(s.why.found->cert, s.signer));
	CU_ASSERT(s.why.sent != NULL && cert_eq(s.why.sent, imposter));
	cert_free(imposter);
	scene_free(&s);
}

static void
what_is_no_certificate_is_not_trusted(void)
{
	struct scene s = scene_new();
	struct wr longer = { 0 };

	ask_verify(&s, bytes_of("not DER"));
	CU_ASSERT(is_no(&s, TVS_NO_CERT, "not a certificate"));
	CU_ASSERT_PTR_NULL(s.why.sent);
	wr_put(&longer, cert_der(s.signer));
	wr_u8(&longer, 0);
	ask_verify(&s, wr_view(&longer));
	CU_ASSERT(is_no(&s, TVS_NO_CERT, "not a certificate"));
	wr_free(&longer);
	scene_free(&s);
}

static void
a_single_bit_makes_it_another_certificate(void)
{
	struct scene s = scene_new();
	struct wr der = { 0 };

	wr_put(&der, cert_der(s.signer));
	for (size_t i = 0; i < der.n; i += 10) {
		der.p[i] ^= 1;
		ask_verify(&s, wr_view(&der));
		CU_ASSERT_EQUAL(s.response.status, TVS_NOT_TRUSTED);
		der.p[i] ^= 1;
	}
	ask_verify(&s, wr_view(&der));
	CU_ASSERT_EQUAL(s.response.status, TVS_TRUSTED);
	wr_free(&der);
	scene_free(&s);
}

static const struct suite_test tests[] = {
	{ "a known certificate is verified", a_known_certificate_is_verified },
	{ "a known certificate is given to whom asks by name",
	    a_known_certificate_is_given_to_whom_asks_by_name },
	{ "a subject that does not fit changes nothing",
	    a_subject_that_does_not_fit_changes_nothing },
	{ "a certificate without roles is known all the same",
	    a_certificate_without_roles_is_known_all_the_same },
	{ "an unknown certificate is not trusted", an_unknown_certificate_is_not_trusted },
	{ "an imposter is not trusted, and told apart", an_imposter_is_not_trusted_and_told_apart },
	{ "what is no certificate is not trusted", what_is_no_certificate_is_not_trusted },
	{ "a single bit makes it another certificate", a_single_bit_makes_it_another_certificate },
};

SUITE_MAIN("tvs/answer", tests)
