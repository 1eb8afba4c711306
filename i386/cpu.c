/* SPDX-License-Identifier: BSD-2-Clause */
/* What this processor has. */
#include <stdbool.h>
#include <stdint.h>

#include <i386/cpu.h>
#include <kern/machine.h>
#include <kern/string.h>

/* Of the registry in mach/machine.h. */
#define TYPE_PENTIUM_PRO	19
#define SUBTYPE_AT386		1

struct machine_features machine_info;

static char vendor[13];

static void read_vendor(const struct cpuid *id)
{
	memcpy(vendor, &id->ebx, 4);
	memcpy(vendor + 4, &id->edx, 4);
	memcpy(vendor + 8, &id->ecx, 4);
}

/* Early Pentium Pros claim SYSENTER and do not have it (Intel manual, SYSENTER). */
static bool sysenter_works(uint32_t signature, uint32_t features)
{
	uint32_t family = signature >> 8 & 0xf;
	uint32_t model = (signature >> 4 & 0xf) | (signature >> 12 & 0xf0);
	uint32_t stepping = signature & 0xf;

	if (!(features & CPUID_SEP))
		return false;
	return family != 6 || model > 3 || (model == 3 && stepping >= 3);
}

static void read_standard(void)
{
	struct cpuid id = cpuid(1);

	machine_info.has_sysenter = sysenter_works(id.eax, id.edx);
	machine_info.has_fxsr = (id.edx & CPUID_FXSR) != 0;
	machine_info.has_sse = machine_info.has_fxsr && (id.edx & CPUID_SSE) != 0;
	machine_info.has_pge = (id.edx & CPUID_PGE) != 0;
	machine_info.has_xsave = (id.ecx & CPUID_C_XSAVE) != 0;
}

void cpu_identify(void)
{
	struct cpuid base = cpuid(0);
	uint32_t last_extended = cpuid(0x80000000).eax;
	uint32_t structured = base.eax >= 7 ? cpuid(7).ebx : 0;

	read_vendor(&base);
	machine_info.name = vendor;
	machine_info.cpu_type = TYPE_PENTIUM_PRO;
	machine_info.cpu_subtype = SUBTYPE_AT386;
	read_standard();
	machine_info.has_smep = (structured & CPUID_7_SMEP) != 0;
	machine_info.has_smap = (structured & CPUID_7_SMAP) != 0;
	if (last_extended >= 0x80000001 && last_extended < 0x80010000)
		machine_info.has_nx = (cpuid(0x80000001).edx & CPUID_X_NX) != 0;
}

uint32_t cpu_cr4_features(void)
{
	uint32_t cr4 = CR4_PAE;

	if (machine_info.has_fxsr)
		cr4 |= CR4_OSFXSR;
	if (machine_info.has_sse)
		cr4 |= CR4_OSXMMEXCPT;
	if (machine_info.has_smep)
		cr4 |= CR4_SMEP;
	if (machine_info.has_smap)
		cr4 |= CR4_SMAP;
	return cr4;
}
