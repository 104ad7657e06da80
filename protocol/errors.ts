// The two ways in which bytes and values fail to meet.
//
// A decoder throws `MalformedRequest` and nothing else, whatever the bytes; who owns the connection closes it. An
// encoder throws `UnencodableValue`, which is always our own mistake: a handler made a value that the wire cannot
// carry.

export class MalformedRequest extends Error {
  override readonly name = 'MalformedRequest'
}

export class UnencodableValue extends Error {
  override readonly name = 'UnencodableValue'
}
