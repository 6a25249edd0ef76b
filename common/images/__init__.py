"""What has to be known of image formats before, and after, Pillow decodes one."""
