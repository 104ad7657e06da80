/** kafkajs with the codecs that it leaves to others. */

import kafkajs, { type Kafka } from 'kafkajs'
import { compress, decompress } from '../../../protocol/records/compression.ts'
import type { Codec } from '../../../protocol/records/layout.ts'

const MAX_SIZE = 64 * 1024 * 1024

/** kafkajs sets timers to times in the past, which newer releases of Node remark upon. */
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') process.stderr.write(`${warning.stack}\n`)
})

/** As kafkajs calls it; its own types have `any` here. */
type Encoder = { buffer: Buffer }

function codec(name: Codec) {
  return () => ({
    compress: async (encoder: Encoder) => Buffer.from(compress(name, encoder.buffer)),
    decompress: async (bytes: Buffer) => Buffer.from(decompress(name, bytes, MAX_SIZE)),
  })
}

// A CommonJS module whose names Node does not find: they come with its default.
const { CompressionCodecs, CompressionTypes, logLevel } = kafkajs

CompressionCodecs[CompressionTypes.Snappy] = codec('snappy')
CompressionCodecs[CompressionTypes.LZ4] = codec('lz4')
CompressionCodecs[CompressionTypes.ZSTD] = codec('zstd')

export function connect(bootstrap: string): Kafka {
  return new kafkajs.Kafka({
    clientId: 'milena-test',
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 8 },
  })
}
