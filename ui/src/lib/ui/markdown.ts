// What of a text is Markdown.

/** Whether it is one line of words, as most of what an agent says: reading it as Markdown would give itself. */
export const isPlain = (text: string) => /^[\p{L}\p{N}][^\\`*_[<~&\r\n]*$/u.test(text) && !/^\d+[.)]|www\.|:\/\/|[\w.+-]@/i.test(text);
