^XA^FD{id} {sum}^FS^XZ
