import com.alibaba.otter.canal.connector.core.spi.CanalMQProducer;
import com.alibaba.otter.canal.connector.core.spi.ExtensionLoader;
import com.alibaba.otter.canal.connector.core.spi.ProxyCanalMQProducer;
import com.alibaba.otter.canal.instance.spring.SpringCanalInstanceGenerator;
import com.alibaba.otter.canal.server.CanalMQStarter;
import com.alibaba.otter.canal.server.embedded.CanalServerWithEmbedded;
import java.io.FileInputStream;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/**
 * Starts the Canal engine in Kafka mode, without ZooKeeper.
 *
 * <p>The wiring that Canal's own launcher does; that module is not published on Maven Central. Uses
 * public classes only. System properties that start with "canal." or "kafka." override the file, as
 * they do in a Canal server.
 */
public class CanalMain {
    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        try (FileInputStream in = new FileInputStream(System.getProperty("canal.conf"))) {
            settings.load(in);
        }
        for (String name : System.getProperties().stringPropertyNames()) {
            if (name.startsWith("canal.") || name.startsWith("kafka.")) {
                settings.setProperty(name, System.getProperty(name));
            }
        }

        String mode = settings.getProperty("canal.serverMode").trim().toLowerCase();
        CanalMQProducer producer =
            new ProxyCanalMQProducer(
                ExtensionLoader.getExtensionLoader(CanalMQProducer.class)
                    .getExtension(mode, "/plugin", "/canal/plugin"));
        producer.init(settings);
        // The launcher does this too: JSON is built from parsed entries, so they must not stay raw.
        if (producer.getMqProperties().isFlatMessage()) {
            System.setProperty("canal.instance.memory.rawEntry", "false");
        }

        SpringCanalInstanceGenerator instances = new SpringCanalInstanceGenerator();
        instances.setSpringXml(settings.getProperty("canal.instance.global.spring.xml").trim());
        CanalServerWithEmbedded server = CanalServerWithEmbedded.instance();
        server.setCanalInstanceGenerator(instances);
        server.start();
        String destination = settings.getProperty("canal.destinations").trim();
        server.start(destination);
        CanalMQStarter starter = new CanalMQStarter(producer);
        starter.start(destination);

        Runtime.getRuntime()
            .addShutdownHook(
                new Thread(
                    () -> {
                        server.stop(destination);
                        server.stop();
                    }));
        new CountDownLatch(1).await();
    }
}
