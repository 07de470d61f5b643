#include "trust/sgn.h"

#include <string.h>

int
sgn_unwrap(struct bytes file, struct sgn *out, struct err *e)
{
	struct sgn s;

	memset(out, 0, sizeof(*out));
	if (sighdr_decode(file, SIGHDR_SIGNED, &s.head, e) != 0)
		return -1;
	s.payload = bytes_from(file, s.head.length);
	*out = s;
	return 0;
}

int
sgn_verify(const struct sgn *s, struct bytes file, const struct cert *signer, struct err *e)
{
	return sighdr_verify(&s->head, file, signer, e);
}

static struct sighdr_plan
header_of(const struct sgn_plan *plan)
{
	struct sighdr_plan head = {
		.kind = SIGHDR_SIGNED,
		.layout = plan->layout,
		.digest = plan->digest,
		.filename = plan->filename,
		.timestamp = plan->timestamp,
	};

	return head;
}

int
sgn_wrap(const struct sgn_plan *plan, struct bytes payload, const struct signer *signer,
    struct wr *out, struct err *e)
{
	struct sighdr_plan head = header_of(plan);

	return sighdr_write(&head, payload, signer, out, e);
}

int
sgn_head(const struct sgn_plan *plan, struct bytes payload, const struct signer *signer,
    struct wr *out, struct err *e)
{
	struct sighdr_plan head = header_of(plan);

	return sighdr_write_head(&head, payload, signer, out, e);
}
