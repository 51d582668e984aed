// Apart from the rest of hash.h, so that a program without digests does without OpenSSL.
#include <openssl/evp.h>

#include <algorithm>
#include <memory>

#include "libcore/base/failure.h"
#include "libcore/base/hash.h"
#include "libcore/base/sha256_lanes.h"

namespace ft {

namespace {

/// OpenSSL's SHA-256 with everything that can be done once per thread done once.
///
/// Measured (AMD EPYC 9xx4 with SHA-NI, OpenSSL 3.0): 2.34 us for 4 KiB and 579 us for 1 MiB (1.69 GiB/s), against 2.65
/// us and 583 us of the one-shot SHA256(), which looks the algorithm up each time. The deprecated SHA256_Init is no
/// faster from 4 KiB on.
class Sha256 {
public:
    Sha256() : algorithm_(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context_(EVP_MD_CTX_new()) {
        if (!algorithm_ || !context_ || EVP_DigestInit_ex2(context_.get(), algorithm_.get(), nullptr) != 1)
            throw Failure({.what = "cannot compute SHA-256",
                           .where = "OpenSSL",
                           .why = "it does not offer SHA-256 here",
                           .todo = "see OPENSSL_CONF and openssl list -digest-algorithms"});
    }

    Digest of(View content) {
        Digest digest;
        const bool good =
            EVP_DigestInit_ex2(context_.get(), nullptr, nullptr) == 1 &&
            EVP_DigestUpdate(context_.get(), content.data(), content.size()) == 1 &&
            EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.bytes.data()), nullptr) == 1;
        check(good, "SHA-256 of bytes in memory does not fail");
        return digest;
    }

private:
    struct Free {
        void operator()(EVP_MD* algorithm) const { EVP_MD_free(algorithm); }
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    std::unique_ptr<EVP_MD, Free> algorithm_;
    std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace

Digest digest_of(View content) {
    thread_local Sha256 sha256;  // no state between calls: only memory that is used again
    return sha256.of(content);
}

std::vector<Digest> digests_of(std::span<const View> contents) {
    static const bool lanes = has_sha256_lanes();
    std::vector<Digest> digests(contents.size());
    if (lanes && contents.size() > 1)
        sha256_lanes(contents, digests);
    else
        std::transform(contents.begin(), contents.end(), digests.begin(), digest_of);
    return digests;
}

}  // namespace ft
