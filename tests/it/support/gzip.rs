//! Real gzip bytes without a compressor: stored blocks only. A client that decodes them gets the content back, one that
//! does not look at Content-Encoding gets something that is not the file.

/// `content` as a gzip stream.
pub fn stored(content: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 0xffff;
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut rest = content;
    loop {
        let (block, after) = rest.split_at(rest.len().min(BLOCK));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        stream.push(u8::from(after.is_empty()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    stream.extend(checksum(content).to_le_bytes());
    // The format keeps the length modulo 2^32.
    stream.extend(&(content.len() as u64).to_le_bytes()[..4]);
    stream
}

/// CRC-32 as gzip wants it.
fn checksum(content: &[u8]) -> u32 {
    let mut table = [0_u32; 256];
    for (index, slot) in (0_u32..).zip(table.iter_mut()) {
        *slot = (0..8).fold(index, |value, _| (value >> 1) ^ (0xedb8_8320 & (value & 1).wrapping_neg()));
    }
    let step = |crc: u32, byte: &u8| (crc >> 8) ^ table[usize::from(crc.to_le_bytes()[0] ^ byte)];
    !content.iter().fold(u32::MAX, step)
}
