/**
 * CRC-32C (Castagnoli), the checksum of record batches (magic 2), and CRC-32, that of messages (magic 0 and 1).
 *
 * Below 256 bytes the call into native code costs more than it saves, so the portable table-driven one is used there,
 * and everywhere when the native package has no build for this platform (docs/decisions/native-packages.md has the
 * figures).
 */

import { createRequire } from 'node:module'
import { crc32 as zlibCrc32 } from 'node:zlib'

type NativeCrc = (bytes: Uint8Array) => number
type PortableCrc = { buf(bytes: Uint8Array): number }

/** The size in bytes from which native code is the faster. */
const NATIVE_FROM_SIZE = 256
/**
 * The native package is loaded when this much has been summed without it (0.05 ms of work): it brings 3 MB along, which
 * a broker that only starts and waits does without.
 */
const NATIVE_AFTER_SIZE = 64 * 1024

const require = createRequire(import.meta.url)
const portable: PortableCrc = require('crc-32/crc32c.js')
/** Undefined until it is loaded; null where it cannot be. */
let native: NativeCrc | null | undefined
let summedSize = 0

function loadNative(): NativeCrc | null {
  try {
    const loaded: { crc32c: NativeCrc } = require('@node-rs/crc32')
    return loaded.crc32c
  } catch {
    // No build for this platform: slower, and correct.
    return null
  }
}

/** True where checksums run at hardware speed. */
export function hasNativeCrc32c(): boolean {
  if (native === undefined) native = loadNative()
  return native !== null
}

export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const slice = start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end)
  if (slice.length >= NATIVE_FROM_SIZE) {
    if (native === undefined) {
      summedSize += slice.length
      if (summedSize >= NATIVE_AFTER_SIZE) native = loadNative()
    }
    if (native !== undefined && native !== null) return native(slice) >>> 0
  }
  return portable.buf(slice) >>> 0
}

export function portableCrc32c(bytes: Uint8Array): number {
  return portable.buf(bytes) >>> 0
}

export function crc32(bytes: Uint8Array, start = 0, end = bytes.length): number {
  return zlibCrc32(bytes.subarray(start, end))
}
