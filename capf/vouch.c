#include "capf/vouch.h"
