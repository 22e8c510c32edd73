"""Files that hold other files: archives, packed files, collections and disk images, opened as if somebody had built
them to hurt."""
