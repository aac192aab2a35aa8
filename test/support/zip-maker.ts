// ZIP files, byte by byte: also those that no program would write.
import { crc32, deflateRawSync } from 'node:zlib'

export type ZipEntry = {
  readonly name: string
  readonly content: string | Uint8Array
  /** what the headers say instead of the truth */
  readonly size?: number
  readonly encrypted?: boolean
  /** shares the bytes of the entry before it */
  readonly overlaps?: boolean
}

export function makeZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let length = 0
  let start = 0
  for (const entry of entries) {
    const content = Buffer.from(entry.content)
    const packed = deflateRawSync(content)
    const name = Buffer.from(entry.name)
    const fields = Buffer.alloc(26)
    fields.writeUInt16LE(20, 0)
    fields.writeUInt16LE(entry.encrypted ? 1 : 0, 2)
    fields.writeUInt16LE(8, 4)
    fields.writeUInt32LE(crc32(content), 10)
    fields.writeUInt32LE(packed.length, 14)
    fields.writeUInt32LE(entry.size ?? content.length, 18)
    fields.writeUInt16LE(name.length, 22)
    if (!entry.overlaps) {
      start = length
      parts.push(Buffer.from('PK\x03\x04', 'latin1'), fields, name, packed)
      length += 4 + 26 + name.length + packed.length
    }
    const rest = Buffer.alloc(14)
    rest.writeUInt32LE(start, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, rest, name)
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(length, 16)
  return Buffer.concat([...parts, listed, end])
}

/** The same from names and contents. */
export function zipOf(files: Readonly<Record<string, string | Uint8Array>>): Buffer {
  return makeZip(Object.entries(files).map(([name, content]) => ({ name, content })))
}
