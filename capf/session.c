#include "capf/session.h"
