import t from 'tap'
import { MalformedRequest, UnencodableValue } from '../../protocol/errors.ts'
import { MAX_ELEMENTS, Reader } from '../../protocol/reader.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import { Writer } from '../../protocol/writer.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const unhex = (text: string): Reader => new Reader(Buffer.from(text, 'hex'))

function written(write: (writer: Writer) => void): string {
  const writer = new Writer(1)
  write(writer)
  const whole = hex(writer.toBytes())
  t.equal(Buffer.concat(writer.finish()).toString('hex'), whole, 'chunks and whole agree')
  t.equal(writer.size, whole.length / 2, 'the size is that of the bytes')
  return whole
}

t.test('integers', async (t) => {
  t.equal(
    written((w) => {
      w.int8(-128)
      w.int16(-2)
      w.uint16(65535)
      w.int32(-2147483648)
      w.uint32(4294967295)
      w.int64(-9223372036854775808n)
      w.float64(1.5)
      w.bool(true)
      w.bool(false)
    }),
    '80fffeffff80000000ffffffff80000000000000003ff80000000000000100',
    'are big-endian',
  )
  const r = unhex('80fffeffff80000000ffffffff80000000000000003ff80000000000000200')
  t.same([r.int8(), r.int16(), r.uint16(), r.int32(), r.uint32()], [-128, -2, 65535, -2147483648, 4294967295])
  t.equal(r.int64(), -9223372036854775808n)
  t.same([r.float64(), r.bool(), r.bool(), r.remaining], [1.5, true, false, 0], 'any byte but zero is true')
  for (const [write, value] of [
    ['int8', 128],
    ['int16', 32768],
    ['uint16', -1],
    ['int32', 2147483648],
    ['int32', 1.5],
    ['int32', Number.NaN],
    ['uint32', -1],
  ] as const) {
    t.throws(() => new Writer()[write](value), UnencodableValue, `${write} refuses ${value}`)
  }
})

t.test('varints', async (t) => {
  for (const [value, text] of [
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [16383, 'ff7f'],
    [16384, '808001'],
    [2097152, '80808001'],
    [268435456, '8080808001'],
    [4294967295, 'ffffffff0f'],
  ] as const) {
    t.equal(
      written((w) => w.uvarint(value)),
      text,
      `${value}`,
    )
    t.equal(unhex(text).uvarint(), value)
  }
  for (const value of [0, -1, 1, -2147483648, 2147483647, 300, -300]) {
    t.equal(unhex(written((w) => w.varint(value))).varint(), value, `zigzag ${value}`)
  }
  for (const value of [0n, -1n, 63n, -64n, 1n << 27n, -(1n << 40n), (1n << 63n) - 1n, -(1n << 63n)]) {
    t.equal(unhex(written((w) => w.varlong(value))).varlong(), value, `zigzag ${value}`)
  }
  t.throws(() => unhex('ffffffffff01').uvarint(), MalformedRequest, 'five bytes at most')
  t.throws(() => unhex('ffffffffffffffffffff01').varlong(), MalformedRequest, 'ten bytes at most')
  t.throws(() => unhex('80').uvarint(), MalformedRequest, 'cut off')
})

t.test('strings', async (t) => {
  for (const text of [
    '',
    'a',
    'orders',
    'größe',
    '日本語',
    '🙂',
    'x'.repeat(24),
    'x'.repeat(25),
    'ü'.repeat(4000),
    'x'.repeat(32767),
  ]) {
    const name = `${text.slice(0, 10)} (${text.length})`
    t.equal(unhex(written((w) => w.string(text))).string(), text, `classic ${name}`)
    t.equal(unhex(written((w) => w.nullableString(text))).nullableString(), text, `nullable ${name}`)
    t.equal(unhex(written((w) => w.compactString(text))).compactString(), text, `compact ${name}`)
    t.equal(unhex(written((w) => w.compactNullableString(text))).compactNullableString(), text)
  }
  t.equal(
    written((w) => w.nullableString(null)),
    'ffff',
  )
  t.equal(unhex('ffff').nullableString(), null)
  t.equal(
    written((w) => w.compactNullableString(null)),
    '00',
  )
  t.equal(unhex('00').compactNullableString(), null)
  t.throws(() => unhex('ffff').string(), MalformedRequest, 'null where it is not legal')
  t.throws(() => unhex('00').compactString(), MalformedRequest, 'null where it is not legal')
  t.throws(() => unhex('fffe').nullableString(), MalformedRequest, 'a length below -1')
  t.throws(() => unhex('00056162').string(), MalformedRequest, 'longer than what is left')
  t.throws(() => unhex(`818002${'61'.repeat(32768)}`).compactString(), MalformedRequest, 'longer than Kafka allows')
  t.throws(() => new Writer().compactString('x'.repeat(32768)), UnencodableValue, 'longer than Kafka allows')
  t.throws(() => new Writer().string('ü'.repeat(20000)), UnencodableValue, 'it is bytes that count')
})

t.test('uuids', async (t) => {
  const bytes = '00112233445566778899aabbccddeeff'
  const text = Buffer.from(bytes, 'hex').toString('base64url')
  t.equal(
    written((w) => w.uuid(text)),
    bytes,
  )
  t.equal(unhex(bytes).uuid(), text)
  t.equal(unhex('00'.repeat(16)).uuid(), ZERO_UUID)
  t.throws(() => new Writer().uuid('tooshort'), UnencodableValue)
  t.throws(() => new Writer().uuid('!'.repeat(22)), UnencodableValue)
})

t.test('bytes', async (t) => {
  const three = Buffer.from([1, 2, 3])
  t.equal(
    written((w) => w.bytes(three)),
    '00000003010203',
  )
  t.equal(
    written((w) => w.compactBytes(three)),
    '04010203',
  )
  t.equal(
    written((w) => w.nullableBytes(null)),
    'ffffffff',
  )
  t.equal(
    written((w) => w.compactNullableBytes(null)),
    '00',
  )
  const source = Buffer.from('00000003010203ff', 'hex')
  const view = new Reader(source).bytes()
  t.same([...view], [1, 2, 3])
  source[4] = 9
  t.equal(view[0], 9, 'what is read is a view')
  t.equal(unhex('ffffffff').nullableBytes(), null)
  t.throws(() => unhex('ffffffff').bytes(), MalformedRequest)
  t.throws(() => unhex('7fffffff00').bytes(), MalformedRequest, 'more than is left')
})

t.test('counts are checked against the bytes left', async (t) => {
  t.equal(unhex('0000000200000000').count(2), 2)
  t.throws(() => unhex('0000000300000000').count(2), MalformedRequest)
  t.throws(() => unhex('7fffffff00').count(1), MalformedRequest)
  t.throws(() => unhex('ffffffff00').count(1), MalformedRequest, 'null where it is not legal')
  t.equal(unhex('ffffffff').nullableCount(1), -1)
  t.throws(() => unhex('ffffffff0f00').compactCount(1), MalformedRequest)
  t.equal(unhex('00').compactNullableCount(1), -1)
})

t.test('the number of elements in one message is bounded', async (t) => {
  const reader = new Reader(Buffer.alloc(100, 1), 300)
  t.equal(reader.compactCount(1), 0)
  const bounded = new Reader(Buffer.from('0405040504050405', 'hex'), 6)
  t.equal(bounded.compactCount(1), 3)
  t.equal(bounded.taggedFieldEnd(), 7, 'tagged fields count')
  t.throws(() => bounded.compactCount(1), MalformedRequest)
  const hostile = new Reader(Buffer.alloc(8_000_000))
  t.throws(() => {
    for (;;) hostile.taggedFieldEnd()
  }, /too many elements/)
  t.equal(hostile.position, MAX_ELEMENTS, 'as is their sum')
})

t.test('of strings that V8 does not hash, one message may have some hundreds', async (t) => {
  const writer = new Writer()
  const [short, long] = ['s'.repeat(16_383), 'l'.repeat(16_384)]
  for (let count = 0; count < 600; count++) writer.string(short)
  for (let count = 0; count < 600; count++) writer.string(long)
  const reader = new Reader(writer.toBytes())
  for (let count = 0; count < 600; count++) reader.string()
  for (let count = 0; count < 512; count++) reader.string()
  t.throws(() => reader.string(), /too many elements/)
})

t.test('records pass by reference', async (t) => {
  const [one, two] = [Buffer.from('aa'), Buffer.from('bb')]
  const writer = new Writer(4)
  writer.int16(1)
  writer.compactRecords([one, two])
  writer.int16(2)
  writer.records(new Uint8Array(0))
  writer.nullableRecords(null)
  t.equal(writer.size, 17)
  const chunks = writer.finish()
  t.equal(chunks.length, 4)
  t.equal(chunks[1], one, 'the very same bytes')
  t.equal(chunks[2], two)
  t.equal(hex(Buffer.concat(chunks)), '000105616162620002' + '00000000' + 'ffffffff')
})

t.test('a writer is used again, and what it has written stays', async (t) => {
  const records = Buffer.from('records')
  const writer = new Writer(64)
  const messages: Uint8Array[][] = []
  const expected: Buffer[] = []
  for (let size = 0; size < 200; size++) {
    writer.begin()
    const start = writer.beginSized()
    writer.raw(Buffer.alloc(size, size))
    writer.endSized(start)
    if (size % 3 === 0) writer.chunks(records)
    writer.int8(size % 100)
    const prefix = size < 0x80 ? [size] : [(size & 0x7f) | 0x80, 1]
    const parts = [Buffer.from(prefix), Buffer.alloc(size, size), size % 3 === 0 ? records : Buffer.alloc(0)]
    expected.push(Buffer.concat([...parts, Buffer.from([size % 100])]))
    t.equal(writer.size, expected.at(-1)!.length)
    t.equal(writer.ownSize, writer.size - parts[2]!.length)
    messages.push(writer.finish())
  }
  t.same(
    messages.map((chunks) => Buffer.concat(chunks)),
    expected,
  )
})

t.test('what comes again is the same string, and what only looks alike is not', async (t) => {
  const texts = [
    'orders',
    'ordersX',
    'örders',
    'ö'.repeat(30),
    'x'.repeat(64),
    'x'.repeat(65),
    '',
    'AaAa',
    'BBBB',
    'AaBB',
  ]
  for (let round = 0; round < 3; round++) {
    for (const text of texts) {
      const writer = new Writer()
      writer.compactString(text)
      t.equal(new Reader(writer.toBytes()).compactString(), text)
    }
  }
  // Of one hash each: every word of a uuid counts alike.
  const uuids = [1, 2, 3, 4].map((at) => {
    const bytes = Buffer.alloc(16)
    bytes[at * 4 - 1] = 7
    return bytes
  })
  for (const bytes of [...uuids, ...uuids]) t.equal(new Reader(bytes).uuid(), bytes.toString('base64url'))
})

t.test('a reader is used again, for bytes of the same memory and of other', async (t) => {
  const reader = new Reader(Buffer.from('0007', 'hex'), 10)
  t.equal(reader.int16(), 7)
  const memory = Buffer.from('00000001000000020000000301ff', 'hex')
  reader.reset(memory.subarray(4, 8))
  t.equal(reader.remaining, 4)
  t.equal(reader.int32(), 2)
  t.equal(reader.position, 4)
  t.throws(() => reader.int8(), MalformedRequest, 'what lies behind is not its own')
  reader.reset(memory.subarray(8, 13))
  t.equal(reader.int32(), 3)
  t.equal(reader.uvarint(), 1)
})

t.test('an int64 is written from a number as from a bigint', async (t) => {
  for (const value of [
    0,
    1,
    -1,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    -(2 ** 32) - 1,
    1_767_225_600_000,
    2 ** 53 - 1,
    1 - 2 ** 53,
  ]) {
    t.equal(
      written((w) => w.int64(value)),
      written((w) => w.int64(BigInt(value))),
      `${value}`,
    )
  }
})

t.test('something preceded by its size', async (t) => {
  for (const size of [0, 1, 127, 128, 16383, 16384]) {
    const body = Buffer.alloc(size, 7)
    const text = written((w) => {
      w.int8(5)
      const start = w.beginSized()
      w.raw(body)
      w.endSized(start)
      w.int8(6)
    })
    const reader = unhex(text)
    reader.int8()
    t.equal(reader.taggedFieldEnd() - reader.position, size, `${size} bytes`)
    t.equal(hex(reader.view(size)), body.toString('hex'))
    t.equal(reader.int8(), 6)
  }
})
