/*
 * verb_doctor: the verb that looks whether all is well - the store (admin/doctor.h), trustlist.conf
 * against it, and whether the process that serves answers on every port, and a phone boots.
 */
#ifndef TL_CMD_VERB_DOCTOR_H
#define TL_CMD_VERB_DOCTOR_H

#include "admin/verb.h"

extern const struct verb_set doctor_verbs;

#endif
