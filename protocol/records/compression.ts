/**
 * The codecs of record batches. The broker seldom comes here: batches are stored and served as producers compressed
 * them. So the native packages load on first use, and everything is synchronous on whole, bounded buffers.
 *
 * Every decompression has a limit on its output, known before memory is taken, so that a small batch cannot become a
 * large one ("compression bomb"). Whatever goes wrong with the bytes is a CorruptBatch.
 */

import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import { CorruptBatch, OversizeBatch } from './errors.ts'
import type { Codec } from './layout.ts'
import { checkLz4Frame, repairLz4Header } from './lz4.ts'
import { compressXerial, decompressSnappy, type SnappyPackage } from './snappy.ts'

type Lz4Package = {
  compressFrameSync(bytes: Uint8Array): Uint8Array
  decompressFrameSync(bytes: Uint8Array): Uint8Array
}

/** Levels as in Kafka's `compression.<codec>.level`; snappy has none, and the lz4 package takes none. */
const LEVELS = {
  gzip: { min: 1, max: 9, default: -1 },
  lz4: { min: 1, max: 17, default: 9 },
  zstd: { min: -131072, max: 22, default: 3 },
} as const

const require = createRequire(import.meta.url)
let lz4Package: Lz4Package | undefined
let snappyPackage: SnappyPackage | undefined

function lz4(): Lz4Package {
  lz4Package ??= load<Lz4Package>('lz4-napi', 'lz4')
  return lz4Package
}

function snappy(): SnappyPackage {
  snappyPackage ??= load<SnappyPackage>('snappy', 'snappy')
  return snappyPackage
}

function load<Package>(name: string, codec: Codec): Package {
  try {
    return require(name)
  } catch (cause) {
    throw new Error(`${codec} compression needs the package ${name}, which has no build for this platform`, { cause })
  }
}

/** Node has zstd from 22.15 and 23.8 on. */
function requireZstd(): void {
  if (typeof zlib.zstdCompressSync === 'function') return
  throw new Error(`zstd compression needs Node 22.15 or later; this is ${process.version}`)
}

/** `level` is passed on where the codec has levels; the codec's default where absent. */
export function compress(codec: Codec, bytes: Uint8Array, level?: number): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return zlib.gzipSync(bytes, { level: level ?? LEVELS.gzip.default })
    case 'snappy':
      return compressXerial(snappy(), bytes)
    case 'lz4':
      return lz4().compressFrameSync(bytes)
    case 'zstd':
      requireZstd()
      return zlib.zstdCompressSync(bytes, {
        params: { [zlib.constants.ZSTD_c_compressionLevel]: level ?? LEVELS.zstd.default },
      })
  }
}

/** `legacyLz4`: the bytes are from a message set of magic 0, see lz4.ts. */
export function decompress(codec: Codec, bytes: Uint8Array, maxSize: number, legacyLz4 = false): Uint8Array {
  switch (codec) {
    case 'none':
      return bytes
    case 'gzip':
      return guarded('gzip', maxSize, () => zlib.gunzipSync(bytes, { maxOutputLength: Math.max(1, maxSize) }))
    case 'snappy':
      return decompressSnappy(snappy(), bytes, maxSize)
    case 'lz4': {
      checkLz4Frame(bytes, maxSize)
      const frame = legacyLz4 ? repairLz4Header(bytes) : bytes
      return guarded('lz4', maxSize, () => lz4().decompressFrameSync(frame))
    }
    case 'zstd':
      requireZstd()
      return guarded('zstd', maxSize, () => zlib.zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, maxSize) }))
  }
}

function guarded(codec: Codec, maxSize: number, run: () => Uint8Array): Uint8Array {
  let plain: Uint8Array
  try {
    plain = run()
  } catch (cause) {
    const tooLarge = cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE'
    if (tooLarge) throw new OversizeBatch(`compressed records of more than ${maxSize} bytes`, { cause })
    throw new CorruptBatch(`damaged ${codec} data`, { cause })
  }
  // zlib takes no limit of 0.
  if (plain.length > maxSize) throw new OversizeBatch(`compressed records of more than ${maxSize} bytes`)
  return plain
}
