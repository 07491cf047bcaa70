/* SPDX-License-Identifier: BSD-2-Clause */
// libstdc++'s __pool_alloc, SGI's own descendant, for alloc_cxx.c.
#include <ext/pool_allocator.h>

extern "C" void *cxx_pool_alloc(std::size_t size)
{
    return __gnu_cxx::__pool_alloc<char>().allocate(size);
}

extern "C" void cxx_pool_free(void *object, std::size_t size)
{
    __gnu_cxx::__pool_alloc<char>().deallocate(static_cast<char *>(object), size);
}
