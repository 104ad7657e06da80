// What clients push: OpenTelemetry's MetricsData in protobuf, of which gauges and sums are read, with their attributes.
// A field is a tag (number and wire type) and a value; what is not known is skipped.
//
//   MetricsData     1 ResourceMetrics*
//   ResourceMetrics 1 Resource { 1 KeyValue* }   2 ScopeMetrics { 2 Metric* }*
//   Metric          1 name   5 Gauge { 1 point* }   7 Sum { 1 point*  2 temporality  3 monotonic }
//   point           4 double | 6 sfixed64   7 KeyValue*
//   KeyValue        1 key   2 AnyValue { 1 string  2 bool  3 int  4 double }

export interface MetricPoint {
  readonly name: string
  readonly value: number
  readonly kind: 'gauge' | 'counter'
  /** The value is what has come since the push before. */
  readonly isDelta: boolean
  readonly attributes: ReadonlyMap<string, string>
}

/** The bytes are not what they should be. */
export class MalformedMetrics extends Error {
  override readonly name: string = 'MalformedMetrics'
}

export class TooManyPoints extends MalformedMetrics {
  override readonly name = 'TooManyPoints'
}

/** Of one push. */
const MAX_POINTS = 10_000
const VARINT = 0
const FIXED64 = 1
const BYTES = 2
const FIXED32 = 5
const DELTA = 1

interface Field {
  readonly number: number
  readonly wireType: number
  /** Of FIXED64 and BYTES. */
  readonly bytes: Uint8Array
  /** Of VARINT. */
  readonly value: number
}

const EMPTY = new Uint8Array(0)

function* fieldsOf(bytes: Uint8Array): IterableIterator<Field> {
  let position = 0
  const varint = (): number => {
    let value = 0
    for (let scale = 1; scale < 2 ** 70; scale *= 128) {
      const byte = bytes[position++]
      if (byte === undefined) throw new MalformedMetrics('a number is cut off')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new MalformedMetrics('a number of more than ten bytes')
  }
  const take = (size: number): Uint8Array => {
    if (size > bytes.length - position)
      throw new MalformedMetrics(`${size} bytes where ${bytes.length - position} are left`)
    position += size
    return bytes.subarray(position - size, position)
  }
  while (position < bytes.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const wireType = tag % 8
    if (number === 0) throw new MalformedMetrics('a field without a number')
    if (wireType === VARINT) yield { number, wireType, bytes: EMPTY, value: varint() }
    else if (wireType === FIXED64) yield { number, wireType, bytes: take(8), value: 0 }
    else if (wireType === BYTES) yield { number, wireType, bytes: take(varint()), value: 0 }
    else if (wireType === FIXED32) yield { number, wireType, bytes: take(4), value: 0 }
    else throw new MalformedMetrics(`wire type ${wireType}`)
  }
}

/** Messages of one field. */
function* messagesOf(bytes: Uint8Array, number: number): IterableIterator<Uint8Array> {
  for (const field of fieldsOf(bytes)) if (field.number === number && field.wireType === BYTES) yield field.bytes
}

/** @throws {MalformedMetrics} */
export function readMetrics(bytes: Uint8Array): MetricPoint[] {
  const points: MetricPoint[] = []
  for (const ofResource of messagesOf(bytes, 1)) {
    const shared = new Map<string, string>()
    for (const resource of messagesOf(ofResource, 1)) readAttributes(resource, 1, shared)
    for (const ofScope of messagesOf(ofResource, 2)) {
      for (const metric of messagesOf(ofScope, 2)) readMetric(metric, shared, points)
    }
  }
  return points
}

function readMetric(metric: Uint8Array, shared: ReadonlyMap<string, string>, points: MetricPoint[]): void {
  let name = ''
  for (const field of fieldsOf(metric)) {
    // The name comes first, as protobuf writes fields; without one there is nothing to show.
    if (field.number === 1) name = textOf(field.bytes)
    else if (field.number === 5) readPoints(field.bytes, name, 'gauge', false, shared, points)
    else if (field.number === 7) readSum(field.bytes, name, shared, points)
  }
}

function readSum(sum: Uint8Array, name: string, shared: ReadonlyMap<string, string>, points: MetricPoint[]): void {
  let isDelta = false
  let isMonotonic = false
  for (const { number, value } of fieldsOf(sum)) {
    if (number === 2) isDelta = value === DELTA
    else if (number === 3) isMonotonic = value !== 0
  }
  readPoints(sum, name, isMonotonic ? 'counter' : 'gauge', isDelta, shared, points)
}

function readPoints(
  data: Uint8Array,
  name: string,
  kind: MetricPoint['kind'],
  isDelta: boolean,
  shared: ReadonlyMap<string, string>,
  points: MetricPoint[],
): void {
  for (const point of messagesOf(data, 1)) {
    if (points.length >= MAX_POINTS) throw new TooManyPoints(`more than ${MAX_POINTS} points in one push`)
    const attributes = new Map(shared)
    readAttributes(point, 7, attributes)
    let value = 0
    for (const { number, wireType, bytes } of fieldsOf(point)) {
      if (wireType !== FIXED64 || (number !== 4 && number !== 6)) continue
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      value = number === 4 ? view.getFloat64(0, true) : Number(view.getBigInt64(0, true))
    }
    points.push({ name, value, kind, isDelta, attributes })
  }
}

function readAttributes(message: Uint8Array, number: number, attributes: Map<string, string>): void {
  for (const pair of messagesOf(message, number)) {
    let key = ''
    let value = ''
    for (const field of fieldsOf(pair)) {
      if (field.number === 1) key = textOf(field.bytes)
      else if (field.number === 2) value = anyValue(field.bytes)
    }
    if (key !== '') attributes.set(key, value)
  }
}

function anyValue(bytes: Uint8Array): string {
  for (const field of fieldsOf(bytes)) {
    if (field.number === 1) return textOf(field.bytes)
    if (field.number === 2) return String(field.value !== 0)
    if (field.number === 3) return String(field.value)
    if (field.number === 4 && field.wireType === FIXED64) {
      return String(new DataView(field.bytes.buffer, field.bytes.byteOffset, 8).getFloat64(0, true))
    }
  }
  return ''
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
