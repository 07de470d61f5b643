/*
 * verbs: the operator's nouns, one table of verbs each; whoever dispatches puts them together.
 */
#ifndef TL_ADMIN_VERBS_H
#define TL_ADMIN_VERBS_H

#include "admin/verb.h"

extern const struct verb_set cluster_verbs;	/* verb_cluster.c */
extern const struct verb_set cert_verbs;	/* verb_cert.c */
extern const struct verb_set cert_change_verbs; /* verb_cert_change.c */
extern const struct verb_set cert_upload_verbs; /* verb_cert_upload.c */
extern const struct verb_set bulk_verbs;	/* verb_bulk.c */
extern const struct verb_set plan_verbs;	/* verb_plan.c */
extern const struct verb_set itl_verbs;		/* verb_itl.c */
extern const struct verb_set ctl_verbs;		/* verb_ctl.c */
extern const struct verb_set param_verbs;	/* verb_param.c */
extern const struct verb_set service_verbs;	/* verb_service.c */
extern const struct verb_set phone_verbs;	/* verb_phone.c */
extern const struct verb_set capf_verbs;	/* verb_capf.c */
extern const struct verb_set capf_show_verbs;	/* verb_capf_show.c */
extern const struct verb_set lsc_verbs;		/* verb_lsc.c */
extern const struct verb_set csr_verbs;		/* verb_csr.c */
extern const struct verb_set events_verbs;	/* verb_events.c */
extern const struct verb_set user_verbs;	/* verb_user.c */
extern const struct verb_set user_token_verbs;	/* verb_user_token.c */
extern const struct verb_set audit_verbs;	/* verb_audit.c */
extern const struct verb_set file_verbs;	/* verb_file.c: lists, signed files, certificates */

#endif
