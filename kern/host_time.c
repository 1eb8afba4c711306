/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An adjustment runs at SLEW_PARTS of the time that passes, so that time never goes
 * backwards; how far it has come is computed when somebody asks, nothing happens meanwhile.
 */
#include <kern/host_time.h>

#include <kern/div64.h>
#include <kern/host.h>
#include <kern/lock.h>
#include <kern/machine.h>
#include <mach/mach_host_server.h>

#define NS_PER_SECOND 1000000000u
#define SLEW_PARTS 200			/* 5 ms in each second */
#define SECONDS_MAX 0xFFFFFFFFll	/* keeps all sums of nanoseconds within 63 bits */

static struct spin_lock time_lock = SPIN_LOCK_INIT(LOCK_LEAF);
static int64_t offset_ns;		/* time of day minus time since start, not adjusted */
static int64_t adjust_ns;		/* still to be added when the adjustment began, ... */
static uint64_t adjust_since;		/* ... at this time since start */

void host_time_init(void)
{
	offset_ns = (int64_t)((uint64_t)machine_rtc_seconds() * NS_PER_SECOND) -
		    (int64_t)machine_uptime_ns();
}

/* How much of the adjustment has taken place.  Locked. */
static int64_t adjusted(uint64_t uptime)
{
	int64_t done = (int64_t)div64(uptime - adjust_since, SLEW_PARTS);

	if (adjust_ns >= 0)
		return done < adjust_ns ? done : adjust_ns;
	return -done > adjust_ns ? -done : adjust_ns;
}

int64_t host_time_of(uint64_t uptime_ns)
{
	int64_t difference;

	spin_lock(&time_lock);
	difference = offset_ns + adjusted(machine_uptime_ns());
	spin_unlock(&time_lock);
	return (int64_t)uptime_ns + difference;
}

int64_t host_time_now(void)
{
	return host_time_of(machine_uptime_ns());
}

static void (*changed)(void);

void host_time_on_change(void (*function)(void))
{
	changed = function;
}

static void set_time(int64_t ns)
{
	spin_lock(&time_lock);
	offset_ns = ns - (int64_t)machine_uptime_ns();
	adjust_ns = 0;
	spin_unlock(&time_lock);
	if (changed != NULL)
		changed();
}

/* What is left to adjust; with replace, the new amount from now on. */
static int64_t adjust_time(bool replace, int64_t ns)
{
	uint64_t uptime = machine_uptime_ns();
	int64_t done, left;

	spin_lock(&time_lock);
	done = adjusted(uptime);
	left = adjust_ns - done;
	if (replace) {
		offset_ns += done;
		adjust_ns = ns;
		adjust_since = uptime;
	}
	spin_unlock(&time_lock);
	return left;
}

/* --- Units ------------------------------------------------------------------------------ */

time_value64_t time_value64_of(int64_t ns)
{
	uint64_t size = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	uint32_t rest;
	int64_t seconds = (int64_t)div64_rem(size, NS_PER_SECOND, &rest);

	if (ns >= 0)
		return (time_value64_t) { seconds, rest };
	if (rest == 0)
		return (time_value64_t) { -seconds, 0 };
	return (time_value64_t) { -seconds - 1, NS_PER_SECOND - rest };
}

time_value_t time_value_of(int64_t ns)
{
	time_value64_t wide = time_value64_of(ns);

	return (time_value_t) { (integer_t)wide.seconds, (integer_t)wide.nanoseconds / 1000 };
}

static bool is_valid(const time_value64_t *time)
{
	return time->nanoseconds >= 0 && time->nanoseconds < TIME_NANOS_MAX &&
	       time->seconds >= -SECONDS_MAX && time->seconds <= SECONDS_MAX;
}

static int64_t to_ns(const time_value64_t *time)
{
	return time->seconds * NS_PER_SECOND + time->nanoseconds;
}

/* --- The interface ---------------------------------------------------------------------- */

kern_return_t host_get_time(struct host *host, time_value_t *current_time)
{
	if (host == NULL)
		return KERN_INVALID_HOST;
	*current_time = time_value_of(host_time_now());
	return KERN_SUCCESS;
}

kern_return_t host_get_time64(struct host *host, time_value64_t *current_time)
{
	if (host == NULL)
		return KERN_INVALID_HOST;
	*current_time = time_value64_of(host_time_now());
	return KERN_SUCCESS;
}

kern_return_t host_get_uptime64(struct host *host, time_value64_t *uptime)
{
	if (host == NULL)
		return KERN_INVALID_HOST;
	*uptime = time_value64_of((int64_t)machine_uptime_ns());
	return KERN_SUCCESS;
}

kern_return_t host_set_time64(struct host *host_priv, time_value64_t new_time)
{
	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (!is_valid(&new_time))
		return KERN_INVALID_ARGUMENT;
	set_time(to_ns(&new_time));
	return KERN_SUCCESS;
}

kern_return_t host_set_time(struct host *host_priv, time_value_t new_time)
{
	return host_set_time64(host_priv, time_value_to_time_value64(new_time));
}

/* Nanoseconds of -1 ask without changing anything. */
kern_return_t host_adjust_time64(struct host *host_priv, time_value64_t new_adjustment,
				 time_value64_t *old_adjustment)
{
	bool only_read = new_adjustment.nanoseconds == -1;
	int64_t ns = 0;

	if (host_priv == NULL)
		return KERN_INVALID_HOST;
	if (!only_read) {
		if (new_adjustment.nanoseconds <= -TIME_NANOS_MAX ||
		    new_adjustment.nanoseconds >= TIME_NANOS_MAX ||
		    new_adjustment.seconds < -SECONDS_MAX || new_adjustment.seconds > SECONDS_MAX)
			return KERN_INVALID_ARGUMENT;
		ns = to_ns(&new_adjustment);
	}
	*old_adjustment = time_value64_of(adjust_time(!only_read, ns));
	return KERN_SUCCESS;
}

kern_return_t host_adjust_time(struct host *host_priv, time_value_t new_adjustment,
			       time_value_t *old_adjustment)
{
	time_value64_t old, new = time_value_to_time_value64(new_adjustment);
	kern_return_t kr = host_adjust_time64(host_priv, new, &old);

	if (kr == KERN_SUCCESS)
		*old_adjustment = (time_value_t) { (integer_t)old.seconds,
						   (integer_t)old.nanoseconds / 1000 };
	return kr;
}
