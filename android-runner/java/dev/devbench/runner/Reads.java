package dev.devbench.runner;

import android.content.res.AssetFileDescriptor;
import android.content.res.AssetManager;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;

/** How long it takes to bring a model's bytes into memory, each way an app may choose. */
final class Reads {
    private static final int PAGE = 4096;

    private final AssetManager assets;
    private final Plan plan;

    Reads(AssetManager assets, Plan plan) {
        this.assets = assets;
        this.plan = plan;
    }

    /** One line for each way: the times of <code>times</code> readings in order, the first being the coldest. */
    void tell(Lines lines) throws IOException {
        int times = Integer.parseInt(plan.get("times", "5"));
        for (String way : new String[] {"asset-compressed", "asset-stored", "asset-mmap", "file", "mmap"}) {
            long[] ns = new long[times];
            long bytes = 0;
            for (int i = 0; i < times; i++) {
                long start = System.nanoTime();
                bytes = read(way);
                ns[i] = System.nanoTime() - start;
            }
            lines.add(new Json("read").put("way", way).put("bytes", bytes).put("ns", ns).toString());
        }
    }

    private long read(String way) throws IOException {
        if (way.equals("asset-compressed")) {
            return stream(assets.open(plan.need("compressed"), AssetManager.ACCESS_STREAMING));
        }
        if (way.equals("asset-stored")) {
            return stream(assets.open(plan.need("stored"), AssetManager.ACCESS_STREAMING));
        }
        if (way.equals("asset-mmap")) {
            AssetFileDescriptor asset = assets.openFd(plan.need("stored"));
            try {
                return touch(new FileInputStream(asset.getFileDescriptor()), asset.getStartOffset(), asset.getDeclaredLength());
            } finally {
                asset.close();
            }
        }
        FileInputStream file = new FileInputStream(plan.need("model"));
        return way.equals("file") ? stream(file) : touch(file, 0, file.getChannel().size());
    }

    /** All of it into memory outside the heap, as the engines want it. */
    private static long stream(InputStream stream) throws IOException {
        byte[] chunk = new byte[64 * 1024];
        ByteBuffer whole = ByteBuffer.allocateDirect(Math.max(stream.available(), chunk.length));
        long bytes = 0;
        try {
            for (int n = stream.read(chunk); n >= 0; n = stream.read(chunk)) {
                if (whole.remaining() < n) {
                    ByteBuffer larger = ByteBuffer.allocateDirect(2 * whole.capacity() + n);
                    whole.flip();
                    larger.put(whole);
                    whole = larger;
                }
                whole.put(chunk, 0, n);
                bytes += n;
            }
        } finally {
            stream.close();
        }
        return bytes;
    }

    private static int touched;

    /** Mapped, and every page of it touched. */
    private static long touch(FileInputStream stream, long from, long length) throws IOException {
        try {
            MappedByteBuffer map = stream.getChannel().map(FileChannel.MapMode.READ_ONLY, from, length);
            int sum = 0;
            for (int at = 0; at < length; at += PAGE) {
                sum += map.get(at);
            }
            touched = sum;
            return length;
        } finally {
            stream.close();
        }
    }
}
